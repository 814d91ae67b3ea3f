using Rge.Decoding;
using Rge.Imaging;
using Rge.Models;
using Rge.Models.Inputs;
using Rge.Tests.Shared;
using Rge.Tests.Shared.Embedders;
using TorchSharp;
using static TorchSharp.torch;

namespace Rge.Tests.Decoding;

/// <summary>Prompts that begin like earlier ones, with models of all families: what of them is read, and equal results.</summary>
public sealed class PrefixReuseTests
{
    private static readonly DecodingEngineOptions Keeping = new() { MaxPrefixTokens = 10_000 };
    private static readonly GenerationOptions Short = new() { MaxRationaleTokens = 5 };

    public static TheoryData<ModelFamily> Families => [.. Enum.GetValues<ModelFamily>()];

    [Theory]
    [MemberData(nameof(Families))]
    public void Another_instruction_for_the_same_picture_reads_what_follows_the_picture(ModelFamily family)
    {
        using var world = new World(family, Keeping);
        var picture = world.Picture(seed: 1);
        foreach (var generation in (GenerationOptions?[])[null, Short])
        {
            world.Ask(world.Prompt(picture, instruction: 1, 9) with { Generation = generation });
            var (read, encoded) = (world.Model.TokensRead, world.Model.ImagesEncoded);
            var second = world.Prompt(picture, instruction: 2 + (generation is null ? 0 : 1), 7) with { Generation = generation };
            var result = world.Ask(second);
            // The end of the picture and the first token after it are the same; a recurrent state is that before this token.
            var expected = world.Model.CanCutStates ? 7 : 8;
            Assert.Equal(expected, world.Model.TokensRead - read);
            Assert.Equal(second.PromptIds.Length - expected, result.ReusedTokens);
            Assert.Equal(encoded, world.Model.ImagesEncoded);
            world.RequireAsAlone(second, result);
        }
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void An_edited_rationale_is_all_that_is_read(ModelFamily family)
    {
        using var world = new World(family, Keeping);
        var prompt = world.Prompt(world.Picture(seed: 1), instruction: 1, 9);
        var written = world.Ask(prompt with { Generation = Short });
        world.RequireAsAlone(prompt with { Generation = Short }, written);
        foreach (
            var rationale in (int[][])
                [
                    [3, 4, 5],
                    [3, 9, 5, 6],
                ]
        )
        {
            var edited = prompt with { PromptIds = [.. prompt.PromptIds, .. rationale, TinyModel.EmbToken] };
            var read = world.Model.TokensRead;
            var result = world.Ask(edited);
            Assert.InRange(world.Model.TokensRead - read, 1, rationale.Length + 1);
            Assert.InRange(result.ReusedTokens, prompt.PromptIds.Length, edited.PromptIds.Length - 1);
            world.RequireAsAlone(edited, result);
        }
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void The_same_prompt_again_reads_nothing_and_gives_the_same_numbers(ModelFamily family)
    {
        using var world = new World(family, Keeping);
        foreach (var generation in (GenerationOptions?[])[null, Short])
        {
            var prompt = world.Prompt(world.Picture(seed: 1), instruction: 1, 9) with { Generation = generation };
            var first = world.Ask(prompt);
            var read = world.Model.TokensRead;
            var again = world.Ask(prompt);
            Assert.Equal(0, world.Model.TokensRead - read);
            Assert.Equal(prompt.PromptIds.Length, again.ReusedTokens);
            Assert.Equal(first.RationaleIds, again.RationaleIds);
            Assert.Equal(first.HiddenState, again.HiddenState);
            // Beside one that is read.
            var other = world.Prompt(world.Picture(seed: 3), instruction: 4, 9) with { Generation = generation };
            var results = world.AskTogether(other, prompt);
            Assert.Equal(prompt.PromptIds.Length, results[1].ReusedTokens);
            world.RequireAsAlone(other, results[0]);
            world.RequireAsAlone(prompt, results[1]);
        }
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void Questions_of_a_group_read_their_picture_once(ModelFamily family)
    {
        using var world = new World(family, Keeping);
        var picture = world.Picture(seed: 1);
        foreach (var generation in (GenerationOptions?[])[null, Short])
        {
            var shown = generation is null ? picture : world.Picture(seed: 2);
            DecodeRequest[] group =
            [
                .. Enumerable.Range(1, 5).Select(i => world.Prompt(shown, instruction: i, 4 + i) with { Generation = generation }),
            ];
            var (read, encoded) = (world.Model.TokensRead, world.Model.ImagesEncoded);
            var results = world.AskTogether(group);
            Assert.Equal(1, world.Model.ImagesEncoded - encoded);
            Assert.InRange(world.Model.TokensRead - read, 1, group[0].PromptIds.Length + group[1..].Sum(Rest));
            foreach (var (request, result) in group.Zip(results))
                world.RequireAsAlone(request, result);
        }

        static int Rest(DecodeRequest request) => request.PromptIds.Length - Array.LastIndexOf(request.PromptIds, TinyModel.ImageToken) - 1;
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void Another_picture_with_the_same_tokens_is_read(ModelFamily family)
    {
        using var world = new World(family, Keeping);
        PatchedImage one = world.Picture(seed: 1),
            another = world.Picture(seed: 2);
        _ = world.Ask(world.Prompt(one, instruction: 1, 9));
        foreach (
            var request in (DecodeRequest[])[world.Prompt(another, 1, 9), world.Prompt(one, 1, 9, another), world.Prompt(one, 1, 9, one)]
        )
        {
            var result = world.Ask(request);
            Assert.InRange(result.ReusedTokens, 0, request.PromptIds.Length - 1 - 80);
            world.RequireAsAlone(request, result);
        }
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void Prompts_with_and_without_a_beginning_share_passes(ModelFamily family)
    {
        using var world = new World(family, Keeping with { MaxBatchSize = 4, MaxPrefillTokens = 250 });
        PatchedImage[] pictures = [world.Picture(1), world.Picture(2), world.Picture(3)];
        DecodeRequest[] requests =
        [
            .. Enumerable
                .Range(0, 24)
                .Select(i =>
                    world.Prompt(pictures[i % 3], instruction: i % 5, 3 + i % 4, [.. pictures.Take(i % 2)]) with
                    {
                        Generation = i % 3 == 0 ? null : Short,
                        Positions = i % 7 == 0 ? PositionScheme.Sequential : PositionScheme.Multimodal,
                    }
                ),
        ];
        var results = world.AskTogether(requests);
        Assert.Contains(results, result => result.ReusedTokens > 0);
        Assert.Equal(
            requests.Sum(request => request.PromptIds.Length) - results.Sum(result => result.ReusedTokens),
            world.Model.TokensRead
        );
        foreach (var (request, result) in requests.Zip(results))
            world.RequireAsAlone(request, result);
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void No_native_tensor_outlives_the_scheduler(ModelFamily family)
    {
        var statistics = DisposeScopeManager.Statistics.TensorStatistics;
        long before;
        using (var world = new World(family, Keeping))
        {
            before = statistics.ThreadTotalLiveCount;
            using var cancellation = new CancellationTokenSource();
            DecodeRequest[] requests =
            [
                .. Enumerable.Range(1, 3).Select(i => world.Prompt(world.Picture(i % 2), instruction: i, 5) with { Generation = Short }),
            ];
            _ = world.AskTogether(requests);
            Assert.True(statistics.ThreadTotalLiveCount > before); // what is kept
            var cancelled = world.Submit([requests[0] with { OnToken = _ => cancellation.Cancel() }], cancellation.Token);
            world.Run(cancelled);
            Assert.True(cancelled[0].Completion.IsCanceled);
            world.Model.BeforePrefill = () => throw new InvalidOperationException("out of memory");
            var failed = world.Submit([world.Prompt(world.Picture(1), 7, 5), world.Prompt(world.Picture(5), 7, 5)], CancellationToken.None);
            world.Run(failed);
            Assert.All(failed, sequence => Assert.True(sequence.Completion.IsFaulted));
            world.Model.BeforePrefill = null;
            world.RequireAsAlone(requests[1], world.Ask(requests[1]));
            world.End();
            Assert.Equal(before, statistics.ThreadTotalLiveCount);
        }
    }

    [Theory]
    [InlineData(ModelFamily.Qwen25Vl)]
    [InlineData(ModelFamily.Qwen35)]
    public async Task Callers_at_the_same_time_get_what_each_gets_alone(ModelFamily family)
    {
        using var world = new World(family, Keeping);
        using var model = TinyModel.Create(family);
        using var engine = new DecodingEngine(
            model,
            TinyModel.EmbToken,
            new DecodingEngineOptions { MaxPrefixTokens = 400, MaxBatchSize = 3 }
        );
        DecodeRequest[] requests =
        [
            .. Enumerable
                .Range(0, 24)
                .Select(i => world.Prompt(world.Picture(i % 3), instruction: i % 6, 6) with { Generation = i % 2 == 0 ? null : Short }),
        ];
        var results = await Task.WhenAll(requests.Select(request => Task.Run(() => engine.DecodeAsync(request))));
        Assert.Contains(results, result => result.ReusedTokens > 0);
        foreach (var (request, result) in requests.Zip(results))
            world.RequireAsAlone(request, result);
    }

    /// <summary>A tiny model whose scheduler goes on from one request to the next, and another one that keeps nothing.</summary>
    private sealed class World : IDisposable
    {
        private readonly QwenVlModel _model;
        private readonly bool _ownsModel;
        private readonly DecodeScheduler _scheduler;

        public World(ModelFamily family, DecodingEngineOptions options)
            : this(TinyModel.Create(family), ownsModel: true, options) { }

        private World(QwenVlModel model, bool ownsModel, DecodingEngineOptions options)
        {
            (_model, _ownsModel, Model) = (model, ownsModel, new CountingModel(new CachedModel(model)));
            _scheduler = new DecodeScheduler(Model, TinyModel.EmbToken, options);
        }

        public CountingModel Model { get; }

        /// <summary>An image of 80 tokens.</summary>
        public PatchedImage Picture(int seed) => TinyModel.Image(_model.Config, 16, 20, seed);

        /// <summary>Six tokens, images, a token, and an instruction whose first token is its own.</summary>
        public DecodeRequest Prompt(PatchedImage image, int instruction, int length, params PatchedImage[] more)
        {
            PatchedImage[] images = [image, .. more];
            return new DecodeRequest(
                [
                    .. Enumerable.Range(1, 6),
                    .. images.SelectMany(shown =>
                        (int[])
                            [
                                _model.Config.VisionStartTokenId,
                                .. Enumerable.Repeat(TinyModel.ImageToken, shown.Grid.MergedPatches(2)),
                                _model.Config.VisionEndTokenId,
                            ]
                    ),
                    20 + instruction,
                    .. Enumerable.Range(40 + instruction, length - 1),
                ],
                images
            );
        }

        public DecodedSequence Ask(DecodeRequest request) => AskTogether(request)[0];

        public DecodedSequence[] AskTogether(params DecodeRequest[] requests)
        {
            var sequences = Submit(requests, CancellationToken.None);
            Run(sequences);
            return [.. sequences.Select(sequence => sequence.Completion.GetAwaiter().GetResult())];
        }

        public PendingSequence[] Submit(DecodeRequest[] requests, CancellationToken cancellationToken)
        {
            var images = new VisionFeatureCache(0);
            return
            [
                .. requests.Select(request => new PendingSequence(
                    request,
                    [.. request.Images.Select(image => images.Lease(image, () => image))],
                    cancellationToken
                )),
            ];
        }

        /// <summary>On this thread, whose tensors are counted.</summary>
        public void Run(PendingSequence[] sequences)
        {
            foreach (var sequence in sequences)
                _scheduler.Enqueue(sequence);
            for (var slice = 0; !_scheduler.IsIdle; slice++)
            {
                Assert.True(slice < 1000, "The scheduler does not come to an end.");
                _scheduler.Advance();
            }
            _scheduler.Advance(); // frees the cache also where the last request was cancelled
        }

        public void RequireAsAlone(DecodeRequest request, DecodedSequence found)
        {
            using var own = new World(_model, ownsModel: false, new DecodingEngineOptions());
            var expected = own.Ask(request);
            Assert.Equal(0, expected.ReusedTokens);
            Assert.Equal(expected.RationaleIds, found.RationaleIds);
            Assert.InRange(Vectors.CosineDistance(expected.HiddenState, found.HiddenState), double.NegativeInfinity, 1e-6);
        }

        public void End() => _scheduler.FailAll(new ObjectDisposedException(nameof(World)));

        public void Dispose()
        {
            End();
            if (_ownsModel)
                _model.Dispose();
        }
    }

    /// <summary>Counts what a model is asked to read.</summary>
    private sealed class CountingModel(ISequenceModel model) : ISequenceModel
    {
        public int TokensRead { get; private set; }

        public int ImagesEncoded { get; private set; }

        public Action? BeforePrefill { get; set; }

        public long SlotTokens => model.SlotTokens;

        public bool CanCutStates => model.CanCutStates;

        public int ImageTokenId => model.ImageTokenId;

        public int TokensOf(ImageGrid grid) => model.TokensOf(grid);

        public IReadOnlyList<VisionFeatures> EncodeImages(IReadOnlyList<PatchedImage> images)
        {
            ImagesEncoded += images.Count;
            return model.EncodeImages(images);
        }

        public Tensor Encode(IReadOnlyList<ModelInput> inputs)
        {
            TokensRead += inputs.Sum(input => input.TokenIds.Length);
            return model.Encode(inputs);
        }

        public ISequenceState CreateState(int slots, int capacity) => model.CreateState(slots, capacity);

        public Tensor Prefill(IReadOnlyList<ModelInput> inputs, ISequenceState state, IReadOnlyList<int> slots)
        {
            BeforePrefill?.Invoke();
            TokensRead += inputs.Sum(input => input.TokenIds.Length);
            return model.Prefill(inputs, state, slots);
        }

        public Tensor Step(IReadOnlyList<int> tokenIds, ISequenceState state) => model.Step(tokenIds, state);

        public Tensor Logits(Tensor hidden) => model.Logits(hidden);
    }
}
