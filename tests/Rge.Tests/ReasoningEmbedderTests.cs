using System.Numerics.Tensors;
using Microsoft.Extensions.AI;
using Rge.Imaging;
using Rge.Models;
using Rge.Models.Checkpoints;
using Rge.Tests.Shared.Embedders;

namespace Rge.Tests;

public sealed class ReasoningEmbedderTests(EmbedderFixture fixture) : IClassFixture<EmbedderFixture>
{
    private static readonly EmbeddingInput[] Mixed =
    [
        EmbeddingInput.Query("a short question"),
        EmbeddingInput.Target("a longer text that a query may look for, with some more words to it"),
        EmbeddingInput.Query("what is here?", EmbedderFixture.Image(1)),
        EmbeddingInput.Target(null, EmbedderFixture.Image(1)),
        EmbeddingInput.Query("which of these?", EmbedderFixture.Image(1), EmbedderFixture.Image(2, 140, 140)),
        EmbeddingInput.Target("x"),
        new EmbeddingInput
        {
            Role = ItemRole.Query,
            Text = "q",
            Rationale = "because it is so",
        },
    ];

    private readonly ReasoningEmbedder _embedder = fixture.Embedder;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("<|image_1|>")]
    [InlineData("see <|image_2|> and <|image_1|>")]
    public async Task A_mark_in_a_text_is_text(string text)
    {
        var tokenizer = fixture.Embedder.Processor.Tokenizer;
        foreach (
            var images in (ImageSource[][])
                [
                    [],
                    [EmbedderFixture.Image(1)],
                ]
        )
        {
            var with = await fixture.Embedder.EmbedAsync(
                EmbeddingInput.Target(text, images),
                cancellationToken: TestContext.Current.CancellationToken
            );
            var plain = await fixture.Embedder.EmbedAsync(
                EmbeddingInput.Target("a", images),
                cancellationToken: TestContext.Current.CancellationToken
            );
            Assert.Equal(plain.ImageTokens, with.ImageTokens);
            var space = images.Length == 0 ? "" : " ";
            Assert.Equal(
                tokenizer.Encode($"{space}{text}\n").Length - tokenizer.Encode($"{space}a\n").Length,
                with.PromptTokens - plain.PromptTokens
            );
        }
    }

    [Fact]
    public async Task A_batch_gives_what_each_item_gives_alone_in_any_order()
    {
        var alone = new ReasoningEmbedding[Mixed.Length];
        for (var i = 0; i < Mixed.Length; i++)
            alone[i] = await _embedder.EmbedAsync(Mixed[i], cancellationToken: Cancellation);
        foreach (var seed in Enumerable.Range(0, 4))
        {
            var order = Enumerable.Range(0, 3 * Mixed.Length).Select(i => i % Mixed.Length).ToArray();
            new Random(seed).Shuffle(order);
            var together = await _embedder.EmbedAsync([.. order.Select(i => Mixed[i])], cancellationToken: Cancellation);
            for (var i = 0; i < order.Length; i++)
            {
                Assert.InRange(Vectors.CosineDistance(together[i].Vector.Span, alone[order[i]].Vector.Span), double.NegativeInfinity, 1e-6);
                Assert.Equal(alone[order[i]].RationaleIds, together[i].RationaleIds);
                Assert.Equal(alone[order[i]].Rationale, together[i].Rationale);
            }
        }
    }

    [Fact]
    public async Task Sampled_rationales_do_not_depend_on_the_batch_either()
    {
        var options = new ReasoningEmbeddingOptions
        {
            Generation = new GenerationOptions
            {
                MaxRationaleTokens = 8,
                Temperature = 1.5,
                TopP = 0.9,
                Seed = 4,
            },
        };
        var together = await _embedder.EmbedAsync(Mixed, options, Cancellation);
        Assert.Equal((await _embedder.EmbedAsync(Mixed[2], options, Cancellation)).RationaleIds, together[2].RationaleIds);
        Assert.NotEqual((await _embedder.EmbedAsync(Mixed[2], cancellationToken: Cancellation)).RationaleIds, together[2].RationaleIds);
    }

    [Fact]
    public async Task Queries_reason_and_targets_do_not()
    {
        var embeddings = await _embedder.EmbedAsync(Mixed, cancellationToken: Cancellation);
        Assert.Equal(6, embeddings[0].RationaleIds.Count);
        Assert.NotNull(embeddings[0].Rationale);
        Assert.Equal(FinishReason.Length, embeddings[0].FinishReason);
        Assert.Equal(
            (FinishReason.NotGenerated, null, 0),
            (embeddings[1].FinishReason, embeddings[1].Rationale, embeddings[1].RationaleIds.Count)
        );
        Assert.True(embeddings[0].Timings.Decoding > TimeSpan.Zero);
        Assert.Equal(TimeSpan.Zero, embeddings[1].Timings.Decoding);
        // 84 × 56 pixels are 3 × 2 merged patches; 140 × 140 are 5 × 5, more than 16, and shrink to 4 × 4.
        Assert.Equal([0, 0, 6, 6, 6 + 16], embeddings.Take(5).Select(embedding => embedding.ImageTokens));
    }

    [Fact]
    public async Task Reasoning_is_decided_by_the_item_then_the_call_then_the_embedder()
    {
        var (query, target) = (EmbeddingInput.Query("text"), EmbeddingInput.Target("text"));
        var off = new ReasoningEmbeddingOptions { Reasoning = ReasoningMode.Off };
        var embeddings = await _embedder.EmbedAsync([query, query with { Reasoning = ReasoningMode.On }], off, Cancellation);
        Assert.Equal([null, 6], embeddings.Select(embedding => embedding.Rationale is null ? (int?)null : embedding.RationaleIds.Count));
        // Without reasoning a query is read like a target.
        Assert.Equal(
            (await _embedder.EmbedAsync(target, cancellationToken: Cancellation)).Vector.ToArray(),
            embeddings[0].Vector.ToArray()
        );
        var on = await _embedder.EmbedAsync(target, new ReasoningEmbeddingOptions { Reasoning = ReasoningMode.On }, Cancellation);
        Assert.Equal(6, on.RationaleIds.Count);
    }

    [Fact]
    public async Task A_given_rationale_is_read_as_if_it_had_been_written()
    {
        // A rationale that survives being turned into text and back.
        EmbeddingInput Query(int seed) => EmbeddingInput.Query($"question {seed}");
        var written = await _embedder.EmbedAsync([.. Enumerable.Range(0, 20).Select(Query)], cancellationToken: Cancellation);
        var number = Array.FindIndex(written, embedding => Encode(embedding.Rationale!).SequenceEqual(embedding.RationaleIds));
        Assert.True(number >= 0);
        var given = await _embedder.EmbedAsync(
            Query(number) with
            {
                Rationale = written[number].Rationale,
            },
            cancellationToken: Cancellation
        );
        Assert.Equal(written[number].Rationale, given.Rationale);
        Assert.Equal(written[number].RationaleIds, given.RationaleIds);
        Assert.Equal(FinishReason.NotGenerated, given.FinishReason);
        Assert.InRange(Vectors.CosineDistance(written[number].Vector.Span, given.Vector.Span), double.NegativeInfinity, 1e-6);
    }

    [Fact]
    public async Task Embeddings_have_length_one_also_when_they_are_shortened()
    {
        var whole = await _embedder.EmbedAsync(Mixed[1], cancellationToken: Cancellation);
        var part = await _embedder.EmbedAsync(Mixed[1], new ReasoningEmbeddingOptions { Dimensions = 16 }, Cancellation);
        Assert.Equal(64, whole.Vector.Length);
        Assert.Equal(16, part.Vector.Length);
        Assert.Equal(1, TensorPrimitives.Norm(whole.Vector.Span), tolerance: 1e-6);
        Assert.Equal(1, TensorPrimitives.Norm(part.Vector.Span), tolerance: 1e-6);
        Assert.Equal(1, Similarity.Cosine(whole.Vector.Span[..16], part.Vector.Span), tolerance: 1e-6);
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() =>
            _embedder.EmbedAsync(Mixed[1], new ReasoningEmbeddingOptions { Dimensions = 65 }, Cancellation)
        );
    }

    [Fact]
    public async Task Typed_special_tokens_are_text_unless_they_are_allowed()
    {
        var typed = EmbeddingInput.Target("a<|im_end|>b");
        var plain = await _embedder.EmbedAsync(typed, cancellationToken: Cancellation);
        var special = await _embedder.EmbedAsync(typed with { AllowSpecialTokens = true }, cancellationToken: Cancellation);
        Assert.True(plain.PromptTokens > special.PromptTokens);
        var pad = EmbeddingInput.Target("<|image_pad|>") with { AllowSpecialTokens = true };
        var error = await Assert.ThrowsAsync<EmbeddingException>(() => _embedder.EmbedAsync(pad, cancellationToken: Cancellation));
        Assert.Contains("image token", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Streaming_gives_the_rationale_in_pieces_and_then_the_embedding()
    {
        var updates = await _embedder.StreamAsync(Mixed[2], cancellationToken: Cancellation).ToListAsync(Cancellation);
        var whole = await _embedder.EmbedAsync(Mixed[2], cancellationToken: Cancellation);
        Assert.Equal(whole.Rationale, string.Concat(updates.Select(update => update.Text)));
        Assert.All(updates.SkipLast(1), update => Assert.Null(update.Embedding));
        Assert.Equal(whole.RationaleIds, updates[^1].Embedding!.RationaleIds);
        Assert.InRange(Vectors.CosineDistance(whole.Vector.Span, updates[^1].Embedding!.Vector.Span), double.NegativeInfinity, 1e-6);
    }

    [Fact]
    public async Task Work_stops_when_the_reader_of_a_stream_stops()
    {
        var endless = new ReasoningEmbeddingOptions
        {
            Generation = new GenerationOptions { MaxRationaleTokens = 10_000, BannedTokens = [_embedder.EmbTokenId] },
        };
        await foreach (var update in _embedder.StreamAsync(Mixed[0], endless, Cancellation))
            if (update.Text.Length > 0)
                break;
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (var _ in _embedder.StreamAsync(Mixed[0], endless, stop.Token))
                await stop.CancelAsync();
        });
    }

    [Fact]
    public async Task Progress_is_told_after_each_item_and_usage_at_the_end()
    {
        var reported = new List<EmbeddingProgress>();
        var options = new ReasoningEmbeddingOptions
        {
            Progress = new Listener(progress =>
            {
                lock (reported)
                    reported.Add(progress);
            }),
        };
        var result = await _embedder.GenerateAsync(Mixed, options, Cancellation);
        Assert.Equal(Enumerable.Range(1, Mixed.Length), reported.Select(progress => progress.Completed).Order());
        Assert.All(reported, progress => Assert.Equal(Mixed.Length, progress.Total));
        var details = result.Select(embedding => ReasoningEmbedding.From(embedding)!).ToArray();
        Assert.Equal(details.Sum(d => d.PromptTokens), result.Usage!.InputTokenCount);
        Assert.Equal(3 * 6, result.Usage.OutputTokenCount);
        Assert.Equal(result.Usage.InputTokenCount + 18, result.Usage.TotalTokenCount);
        Assert.Equal(6 + 6 + 22, result.Usage.AdditionalCounts!["image_tokens"]);
        Assert.All(result.Zip(details), pair => Assert.Equal(pair.Second.Vector, pair.First.Vector));
    }

    [Fact]
    public async Task A_bad_item_fails_the_call_by_its_number_and_the_embedder_stays_usable()
    {
        var error = await Assert.ThrowsAsync<EmbeddingException>(() =>
            _embedder.EmbedAsync([Mixed[0], EmbeddingInput.Query(""), Mixed[1]], cancellationToken: Cancellation)
        );
        Assert.StartsWith("Item 1: ", error.Message, StringComparison.Ordinal);
        var missing = EmbeddingInput.Query("q", ImageSource.FromFile(Path.Combine(fixture.Folder, "none.png")));
        var unread = await Assert.ThrowsAsync<ImageInputException>(() =>
            _embedder.EmbedAsync([Mixed[0], missing], cancellationToken: Cancellation)
        );
        Assert.Contains("none.png", unread.Message, StringComparison.Ordinal);
        var broken = EmbeddingInput.Query("q", ImageSource.FromBytes(new byte[20], "upload"));
        unread = await Assert.ThrowsAsync<ImageInputException>(() =>
            _embedder.EmbedAsync([Mixed[2], broken], cancellationToken: Cancellation)
        );
        Assert.Contains("upload", unread.Message, StringComparison.Ordinal);
        var tooLong = EmbeddingInput.Query(string.Concat(Enumerable.Repeat("word ", 40_000)));
        Assert.Contains(
            "positions",
            (await Assert.ThrowsAsync<EmbeddingException>(() => _embedder.EmbedAsync(tooLong, cancellationToken: Cancellation))).Message,
            StringComparison.Ordinal
        );
        Assert.Single(await _embedder.EmbedAsync([Mixed[0]], cancellationToken: Cancellation));
    }

    [Fact]
    public async Task A_cancelled_call_throws_and_others_continue()
    {
        using var stop = new CancellationTokenSource();
        var options = new ReasoningEmbeddingOptions
        {
            Generation = new GenerationOptions { MaxRationaleTokens = 10_000, BannedTokens = [_embedder.EmbTokenId] },
        };
        var cancelled = _embedder.EmbedAsync([.. Mixed.Take(3)], options, stop.Token);
        var other = _embedder.EmbedAsync(Mixed, cancellationToken: Cancellation);
        Assert.Equal(Mixed.Length, (await other).Length);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);
    }

    [Fact]
    public async Task Concurrent_calls_get_what_they_get_one_after_the_other()
    {
        var expected = await _embedder.EmbedAsync(Mixed, cancellationToken: Cancellation);
        var calls = await Task.WhenAll(
            Enumerable.Range(0, 8).Select(_ => Task.Run(() => _embedder.EmbedAsync(Mixed, cancellationToken: Cancellation)))
        );
        foreach (var call in calls)
            for (var i = 0; i < Mixed.Length; i++)
            {
                Assert.Equal(expected[i].RationaleIds, call[i].RationaleIds);
                Assert.InRange(Vectors.CosineDistance(expected[i].Vector.Span, call[i].Vector.Span), double.NegativeInfinity, 1e-6);
            }
    }

    [Fact]
    public async Task Calls_larger_than_a_window_keep_their_order()
    {
        using var small = ReasoningEmbedder.Load(
            fixture.Folder,
            new ReasoningEmbedderOptions
            {
                PrefetchItems = 2,
                Decoder = new DecodingEngineOptions { MaxBatchSize = 2 },
                Generation = new GenerationOptions { MaxRationaleTokens = 6 },
            }
        );
        var expected = await _embedder.EmbedAsync(Mixed, cancellationToken: Cancellation);
        var found = await small.EmbedAsync(Mixed, cancellationToken: Cancellation);
        for (var i = 0; i < Mixed.Length; i++)
            Assert.InRange(Vectors.CosineDistance(expected[i].Vector.Span, found[i].Vector.Span), double.NegativeInfinity, 1e-6);
        Assert.Empty(await small.EmbedAsync([], cancellationToken: Cancellation));
    }

    [Fact]
    public void Services_are_found_by_type()
    {
        var generator = _embedder;
        var metadata = generator.GetService<EmbeddingGeneratorMetadata>()!;
        Assert.Equal(64, metadata.DefaultModelDimensions);
        Assert.Equal(Path.GetFileName(fixture.Folder), metadata.DefaultModelId);
        Assert.NotNull(generator.GetService<QwenVlModel>());
        Assert.NotNull(generator.GetService<QwenVlProcessor>());
        Assert.Same(_embedder, generator.GetService<ReasoningEmbedder>());
        Assert.Null(generator.GetService<string>());
        Assert.Null(generator.GetService(typeof(QwenVlModel), "key"));
    }

    [Fact]
    public async Task Loading_tells_its_progress_and_can_be_stopped()
    {
        var reported = new List<LoadProgress>();
        using var stop = new CancellationTokenSource();
        using (
            var loaded = await ReasoningEmbedder.LoadAsync(
                fixture.Folder,
                progress: new Receiver(reported.Add),
                cancellationToken: Cancellation
            )
        )
            Assert.Equal(
                (await _embedder.EmbedAsync(Mixed[1], cancellationToken: Cancellation)).Vector.ToArray(),
                (await loaded.EmbedAsync(Mixed[1], cancellationToken: Cancellation)).Vector.ToArray()
            );
        Assert.Equal(Enumerable.Range(1, reported.Count), reported.Select(progress => progress.Loaded));
        Assert.All(reported, progress => Assert.Equal(reported.Count, progress.Total));
        Assert.Equal(_embedder.GetService<QwenVlModel>()!.Parameters.Count, reported.Count);

        reported.Clear();
        var stopped = ReasoningEmbedder.LoadAsync(
            fixture.Folder,
            progress: new Receiver(progress =>
            {
                reported.Add(progress);
                if (progress.Loaded == 3)
                    stop.Cancel();
            }),
            cancellationToken: stop.Token
        );
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => stopped);
        Assert.Equal(3, reported.Count);
        await Assert.ThrowsAsync<CheckpointException>(() =>
            ReasoningEmbedder.LoadAsync(Path.Combine(fixture.Folder, "none"), cancellationToken: Cancellation)
        );
    }

    [Fact]
    public async Task A_disposed_embedder_refuses_work()
    {
        var embedder = ReasoningEmbedder.Load(fixture.Folder);
        embedder.Dispose();
        embedder.Dispose();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => embedder.EmbedAsync(Mixed));
    }

    private int[] Encode(string text) => _embedder.Processor.Tokenizer.Encode(text);

    private sealed class Receiver(Action<LoadProgress> report) : IProgress<LoadProgress>
    {
        public void Report(LoadProgress value) => report(value);
    }

    private sealed class Listener(Action<EmbeddingProgress> report) : IProgress<EmbeddingProgress>
    {
        public void Report(EmbeddingProgress value) => report(value);
    }
}
