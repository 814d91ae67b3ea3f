using Rge.Decoding;
using Rge.Imaging;
using Rge.Models;
using Rge.Models.Tensors;
using Rge.Tests.Shared;
using Rge.Tests.Shared.Embedders;
using TorchSharp;

namespace Rge.Tests.Decoding;

public sealed class CachedModelTests
{
    public static TheoryData<ModelFamily> Families => [.. Enum.GetValues<ModelFamily>()];

    [Theory]
    [MemberData(nameof(Families))]
    public void Shuffled_batches_of_unequal_prompts_and_finishing_times_give_what_each_gives_alone(ModelFamily family)
    {
        using var model = TinyModel.Create(family);
        var requests = Requests(model, 12);
        var alone = requests.Select(request => Decode(model, new DecodingEngineOptions(), request)[0]).ToArray();
        Assert.True(alone.Select(result => result.RationaleIds.Length).Distinct().Count() > 4);
        foreach (var seed in Enumerable.Range(0, 4))
        {
            var order = Enumerable.Range(0, requests.Length).ToArray();
            new Random(seed).Shuffle(order);
            var options = new DecodingEngineOptions
            {
                MaxBatchSize = 1 + seed,
                MaxPrefillTokens = 20 + 30 * seed,
                MaxCacheTokens = seed == 3 ? 200 : long.MaxValue,
            };
            var together = Decode(model, options, [.. order.Select(i => requests[i])]);
            for (var i = 0; i < order.Length; i++)
            {
                Assert.Equal(alone[order[i]].RationaleIds, together[i].RationaleIds);
                Assert.InRange(Vectors.CosineDistance(alone[order[i]].HiddenState, together[i].HiddenState), double.NegativeInfinity, 1e-6);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void A_rationale_read_with_its_prompt_gives_the_hidden_state_of_one_that_was_written(ModelFamily family)
    {
        using var model = TinyModel.Create(family);
        foreach (var request in Requests(model, 6))
        {
            var written = Decode(model, new DecodingEngineOptions(), request)[0];
            int[] end = written.FinishReason == FinishReason.Length ? [TinyModel.EmbToken] : [];
            // An image token that was written is text, but one that is read is not.
            if (written.RationaleIds.Contains(TinyModel.ImageToken) || written.RationaleIds.Contains(model.Config.VideoTokenId))
                continue;
            var read = Decode(
                model,
                new DecodingEngineOptions(),
                request with
                {
                    PromptIds = [.. request.PromptIds, .. written.RationaleIds, .. end],
                    Generation = null,
                }
            )[0];
            Assert.InRange(Vectors.CosineDistance(written.HiddenState, read.HiddenState), double.NegativeInfinity, 1e-6);
        }
    }

    [Fact]
    public void An_image_token_may_be_written()
    {
        using var model = TinyModel.Create(ModelFamily.Qwen25Vl);
        var others = Enumerable.Range(0, model.Config.Text.VocabSize).Except([TinyModel.ImageToken]).ToArray();
        var generation = new GenerationOptions { MaxRationaleTokens = 3, BannedTokens = others };
        var result = Decode(model, new DecodingEngineOptions(), new DecodeRequest([1, 2, 3]) { Generation = generation })[0];
        Assert.Equal([TinyModel.ImageToken, TinyModel.ImageToken, TinyModel.ImageToken], result.RationaleIds);
    }

    [Fact]
    public void No_native_tensor_outlives_its_requests()
    {
        using var model = TinyModel.Create(ModelFamily.Qwen3Vl);
        var statistics = DisposeScopeManager.Statistics.TensorStatistics;
        var requests = Requests(model, 12);
        Decode(model, new DecodingEngineOptions { MaxBatchSize = 3 }, requests);
        var before = statistics.ThreadTotalLiveCount;
        Decode(model, new DecodingEngineOptions { MaxBatchSize = 3 }, requests);
        Assert.Equal(before, statistics.ThreadTotalLiveCount);
    }

    [Fact]
    public void No_native_tensor_outlives_a_cancelled_request()
    {
        using var model = TinyModel.Create(ModelFamily.Qwen3Vl);
        var statistics = DisposeScopeManager.Statistics.TensorStatistics;
        var before = statistics.ThreadTotalLiveCount;
        using var cancellation = new CancellationTokenSource();
        var requests = Requests(model, 4).Select(request => request with { OnToken = _ => cancellation.Cancel() }).ToArray();
        var sequences = Submit(requests, cancellation.Token);
        Run(model, new DecodingEngineOptions(), sequences);
        Assert.Contains(sequences, sequence => sequence.Completion.IsCanceled);
        Assert.Equal(before, statistics.ThreadTotalLiveCount);
    }

    [Fact]
    public void No_native_tensor_outlives_a_state_that_could_not_grow()
    {
        using var model = TinyModel.Create(ModelFamily.Qwen3Vl);
        var running = new RunningState(new CachedModel(model));
        running.Resize(2, 64, keep: 0);
        var statistics = DisposeScopeManager.Statistics.TensorStatistics;
        var before = statistics.ThreadTotalLiveCount;
        Assert.Throws<ArgumentException>(() => running.Resize(1, 64, keep: 2));
        Assert.Equal(before, statistics.ThreadTotalLiveCount);
        running.Release();
    }

    [Theory, InlineData(false), InlineData(true)]
    public void A_step_makes_the_same_transfers_for_any_number_of_sequences(bool choosesOnDevice)
    {
        using var model = TinyModel.Create(ModelFamily.Qwen35);
        // What is written does not end before the budget does: the end token is banned.
        var generation = new GenerationOptions { MaxRationaleTokens = 8, BannedTokens = [TinyModel.EmbToken] };
        foreach (var count in (int[])[1, 3, 7])
        {
            var options = new DecodingEngineOptions { MaxBatchSize = count, ChoosesOnDevice = choosesOnDevice };
            var scheduler = new DecodeScheduler(new CachedModel(model), TinyModel.EmbToken, options);
            foreach (var i in Enumerable.Range(0, count))
                scheduler.Enqueue(Submit([new DecodeRequest([1, 2 + i]) { Generation = generation }], CancellationToken.None)[0]);
            scheduler.Advance();
            for (var step = 1; step < 6; step++)
            {
                var before = HostTransfers.OfThread;
                scheduler.Advance();
                // Tokens, positions and slots go up in one copy, and choices on the device need the banned tokens there.
                Assert.Equal(new TransferCount(choosesOnDevice ? 2 : 1, 1), HostTransfers.OfThread.Since(before));
            }
            while (!scheduler.IsIdle)
                scheduler.Advance();
        }
    }

    [Theory, InlineData(new int[0]), InlineData(new[] { 3, 4, TinyModel.EmbToken })]
    public void Choices_on_the_device_are_those_of_the_host(int[] banned)
    {
        using var model = TinyModel.Create(ModelFamily.Qwen25Vl);
        DecodeRequest[] requests =
        [
            .. Enumerable
                .Range(0, 9)
                .Select(i => new DecodeRequest(TinyModel.Tokens(model.Config, 3 + i, seed: i))
                {
                    Generation = new GenerationOptions { MaxRationaleTokens = 6 + i, BannedTokens = banned },
                }),
        ];
        DecodedSequence[] onHost = Decode(model, new DecodingEngineOptions { ChoosesOnDevice = false }, requests),
            onDevice = Decode(model, new DecodingEngineOptions { ChoosesOnDevice = true }, requests);
        Assert.Equal(onHost.Select(result => result.RationaleIds), onDevice.Select(result => result.RationaleIds));
        Assert.Equal(onHost.Select(result => result.HiddenState), onDevice.Select(result => result.HiddenState));
    }

    /// <summary>
    /// Prompts of different lengths, some with images of which some are shared, that end at different times or do not reason.
    /// </summary>
    private static DecodeRequest[] Requests(QwenVlModel model, int count)
    {
        PatchedImage small = TinyModel.Image(model.Config, 4, 4),
            large = TinyModel.Image(model.Config, 8, 6, seed: 2);
        return [.. Enumerable.Range(0, count).Select(Request)];

        DecodeRequest Request(int i)
        {
            PatchedImage[] images = (i % 4) switch
            {
                0 => [],
                1 => [small],
                2 => [large],
                _ => [small, large],
            };
            var tokens = TinyModel.Tokens(model.Config, 4 + 3 * i, seed: i, [.. images.Select(image => image.Grid)]);
            // Images were put at random places: hand them over in the order of those.
            var order = images.Length < 2 || FirstRun(tokens) == images[0].Grid.MergedPatches(2) ? images : [images[1], images[0]];
            return new DecodeRequest(tokens, order)
            {
                Generation =
                    i % 5 == 4
                        ? null
                        : new GenerationOptions { MaxRationaleTokens = 1 + 5 * i % 11, RepetitionPenalty = 1 + 0.1 * (i % 3) },
            };
        }

        static int FirstRun(int[] tokens) =>
            tokens.SkipWhile(id => id != TinyModel.ImageToken).TakeWhile(id => id == TinyModel.ImageToken).Count();
    }

    private static DecodedSequence[] Decode(QwenVlModel model, DecodingEngineOptions options, params DecodeRequest[] requests)
    {
        var sequences = Submit(requests, CancellationToken.None);
        Run(model, options, sequences);
        return [.. sequences.Select(sequence => sequence.Completion.GetAwaiter().GetResult())];
    }

    private static PendingSequence[] Submit(DecodeRequest[] requests, CancellationToken cancellationToken)
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
    private static void Run(QwenVlModel model, DecodingEngineOptions options, PendingSequence[] sequences)
    {
        var scheduler = new DecodeScheduler(new CachedModel(model), TinyModel.EmbToken, options);
        foreach (var sequence in sequences)
            scheduler.Enqueue(sequence);
        while (!scheduler.IsIdle)
            scheduler.Advance();
        scheduler.Advance(); // frees the cache also where the last request was cancelled
    }
}
