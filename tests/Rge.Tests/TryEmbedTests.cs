using Rge.Tests.Shared.Embedders;

namespace Rge.Tests;

/// <summary>One bad item is one bad item.</summary>
public sealed class TryEmbedTests(EmbedderFixture fixture) : IClassFixture<EmbedderFixture>
{
    private static readonly ImageSource Broken = ImageSource.FromBytes(new byte[] { 1, 2, 3 }, "upload.png");
    private static readonly EmbeddingInput TooLong = EmbeddingInput.Query(string.Concat(Enumerable.Repeat("word ", 40_000)));

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>
    /// What goes wrong with an item, with a part of what is said about it: at its text, its image's file, its image's bytes, its prompt.
    /// </summary>
    public static TheoryData<string, string> Faults =>
        new()
        {
            { "empty", "" },
            { "too long", "positions" },
            { "missing file between texts", "none.png" },
            { "missing file", "none.png" },
            { "broken bytes", "upload.png" },
            { "broken beside a good one", "upload.png" },
            { "null", "is null" },
            { "null part", "Content[1] of the item is null" },
            { "null image", "Images[1] of the item is null" },
            { "unknown role", "role is 7" },
            { "unknown reasoning", "reasoning is 7" },
        };

    [Theory]
    [MemberData(nameof(Faults))]
    public async Task A_bad_item_costs_no_other(string fault, string message)
    {
        EmbeddingInput[] items =
        [
            EmbeddingInput.Query("first", EmbedderFixture.Image(1)),
            Faulty(fault),
            EmbeddingInput.Target("last", EmbedderFixture.Image(1)),
        ];
        var results = await fixture.Embedder.TryEmbedAsync(items, cancellationToken: Cancellation);
        Assert.Equal([0, 1, 2], results.Select(result => result.Index));
        Assert.Equal([true, false, true], results.Select(result => result.Succeeded));
        Assert.Equal(1, results[1].Error!.ItemIndex);
        Assert.StartsWith("Item 1: ", results[1].Error!.Message, StringComparison.Ordinal);
        Assert.Contains(message, results[1].Error!.Message, StringComparison.Ordinal);
        foreach (var i in (int[])[0, 2])
            Assert.InRange(
                Vectors.CosineDistance(
                    (await fixture.Embedder.EmbedAsync(items[i], cancellationToken: Cancellation)).Vector.Span,
                    results[i].Embedding!.Vector.Span
                ),
                double.NegativeInfinity,
                1e-6
            );
        // The same fault ends a call that does not collect failures, by the same name.
        var error = await Assert.ThrowsAnyAsync<RgeException>(() => fixture.Embedder.EmbedAsync(items, cancellationToken: Cancellation));
        Assert.Equal((results[1].Error!.GetType(), 1, results[1].Error!.Message), (error.GetType(), error.ItemIndex, error.Message));
    }

    [Fact]
    public async Task An_image_of_equal_content_is_named_as_each_item_names_it()
    {
        var bytes = new byte[] { 1, 2, 3 };
        string[] names = ["first.png", "second.png", "third.png"];
        var results = await fixture.Embedder.TryEmbedAsync(
            [.. names.Select(name => EmbeddingInput.Target("shown", ImageSource.FromBytes(bytes, name)))],
            cancellationToken: Cancellation
        );
        foreach (var (name, result) in names.Zip(results))
            Assert.StartsWith($"Item {result.Index}: {name}", result.Error!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_null_in_a_stream_costs_no_other()
    {
        var results = await fixture
            .Embedder.EmbedManyAsync(
                new[] { EmbeddingInput.Target("a"), null!, EmbeddingInput.Target("b") }.ToAsyncEnumerable(),
                cancellationToken: Cancellation
            )
            .ToListAsync(Cancellation);
        Assert.Equal([null, 1, null], results.Select(result => result.Error?.ItemIndex));
    }

    [Fact]
    public async Task Modes_that_do_not_exist_are_refused()
    {
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() =>
            fixture.Embedder.EmbedAsync(
                EmbeddingInput.Query("q"),
                new ReasoningEmbeddingOptions { Reasoning = (ReasoningMode)7 },
                Cancellation
            )
        );
        Assert.Throws<ArgumentOutOfRangeException>(() =>
            ReasoningEmbedder.Load(fixture.Folder, new ReasoningEmbedderOptions { TargetReasoning = (ReasoningMode)7 })
        );
    }

    [Fact]
    public async Task Items_that_share_a_broken_image_each_say_so()
    {
        EmbeddingInput[] items =
        [
            EmbeddingInput.Query("a", Broken),
            EmbeddingInput.Target("b"),
            EmbeddingInput.Target("c", EmbedderFixture.Image(1), Broken),
        ];
        var results = await fixture.Embedder.TryEmbedAsync(items, cancellationToken: Cancellation);
        Assert.Equal([0, null, 2], results.Select(result => result.Error?.ItemIndex));
        Assert.Equal(results[0].Error!.Problem, results[2].Error!.Problem);
        Assert.True(results[1].Succeeded);
    }

    [Fact]
    public async Task A_good_image_serves_its_good_items_though_others_of_it_are_bad()
    {
        var image = EmbedderFixture.Image(5);
        EmbeddingInput[] items =
        [
            TooLong with
            {
                Images = [image],
            },
            EmbeddingInput.Target("good", image),
            EmbeddingInput.Target("bad", image, Broken),
            EmbeddingInput.Query("also good", image),
        ];
        for (var round = 0; round < 2; round++)
        {
            var results = await fixture.Embedder.TryEmbedAsync(items, cancellationToken: Cancellation);
            Assert.Equal([false, true, false, true], results.Select(result => result.Succeeded));
        }
    }

    [Fact]
    public async Task Nothing_but_bad_items_is_no_failure_of_the_call()
    {
        var items = Faults.Select(fault => Faulty(fault.Data.Item1)).ToArray();
        var results = await fixture.Embedder.TryEmbedAsync(items, cancellationToken: Cancellation);
        Assert.Equal(Enumerable.Range(0, items.Length), results.Select(result => result.Error!.ItemIndex!.Value));
        Assert.Empty(await fixture.Embedder.TryEmbedAsync([], cancellationToken: Cancellation));
        Assert.StartsWith(
            "upload.png",
            Assert
                .Single(await fixture.Embedder.TryEmbedAsync([EmbeddingInput.Target(null, Broken)], cancellationToken: Cancellation))
                .Error!.Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task Progress_counts_every_item_once()
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
        EmbeddingInput[] items =
        [
            .. Faults.Select(fault => Faulty(fault.Data.Item1)),
            EmbeddingInput.Query("q"),
            EmbeddingInput.Target("t"),
        ];
        await fixture.Embedder.TryEmbedAsync(items, options, Cancellation);
        Assert.Equal(Enumerable.Range(1, items.Length), reported.Select(progress => progress.Completed).Order());
        Assert.Equal(6, reported.Max(progress => progress.RationaleTokens));
        reported.Clear();
        var results = await fixture
            .Embedder.EmbedManyAsync(items.Concat(items).ToAsyncEnumerable(), options, Cancellation)
            .ToListAsync(Cancellation);
        Assert.Equal(2 * items.Length, results.Count);
        Assert.Equal(
            (2 * items.Length, 2 * 6L),
            (reported.Max(progress => progress.Completed), reported.Max(progress => progress.RationaleTokens))
        );
        Assert.All(reported, progress => Assert.Equal(0, progress.Total));
    }

    [Fact]
    public async Task Cancelling_throws()
    {
        var endless = new ReasoningEmbeddingOptions
        {
            Generation = new GenerationOptions { MaxRationaleTokens = 10_000, BannedTokens = [fixture.Embedder.EmbTokenId] },
        };
        using var stop = new CancellationTokenSource();
        var call = fixture.Embedder.TryEmbedAsync([EmbeddingInput.Query("q"), EmbeddingInput.Target(null, Broken)], endless, stop.Token);
        var stream = fixture
            .Embedder.EmbedManyAsync(AsyncEnumerable.Repeat(EmbeddingInput.Query("q"), 3), endless, stop.Token)
            .ToListAsync(Cancellation);
        Assert.Single(await fixture.Embedder.TryEmbedAsync([EmbeddingInput.Target("other")], cancellationToken: Cancellation));
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await stream);
    }

    [Fact]
    public async Task Streams_keep_their_order_and_number_their_failures()
    {
        using var small = ReasoningEmbedder.Load(
            fixture.Folder,
            new ReasoningEmbedderOptions { PrefetchItems = 2, Generation = fixture.Embedder.Generation }
        );
        var items = Enumerable
            .Range(0, 11)
            .Select(i => i is 5 or 10 ? EmbeddingInput.Target(null, Broken) : EmbeddingInput.Target($"item {i}"))
            .ToArray();
        var results = await small.EmbedManyAsync(items.ToAsyncEnumerable(), cancellationToken: Cancellation).ToListAsync(Cancellation);
        Assert.Equal(Enumerable.Range(0, 11).Select(i => (long)i), results.Select(result => result.Index));
        Assert.Equal([5L, 10L], results.Where(result => !result.Succeeded).Select(result => result.Index));
        Assert.Equal([5, 10], results.Where(result => !result.Succeeded).Select(result => result.Error!.ItemIndex!.Value));
        Assert.Equal(["Item 5: ", "Item 10:"], results.Where(result => !result.Succeeded).Select(result => result.Error!.Message[..8]));
        var alone = await fixture.Embedder.EmbedAsync(items[9], cancellationToken: Cancellation);
        Assert.InRange(Vectors.CosineDistance(alone.Vector.Span, results[9].Embedding!.Vector.Span), double.NegativeInfinity, 1e-6);
    }

    [Fact]
    public async Task Streams_read_a_bounded_number_of_items_ahead()
    {
        using var small = ReasoningEmbedder.Load(fixture.Folder, new ReasoningEmbedderOptions { PrefetchItems = 2 });
        var read = 0;
        await foreach (var result in small.EmbedManyAsync(Endless(), cancellationToken: Cancellation))
        {
            Assert.InRange(read, result.Index + 1, result.Index + 4);
            if (result.Index == 9)
                break;
        }

        async IAsyncEnumerable<EmbeddingInput> Endless()
        {
            await Task.Yield();
            while (true)
                yield return EmbeddingInput.Target($"item {read++}");
        }
    }

    private EmbeddingInput Faulty(string fault) =>
        fault switch
        {
            "empty" => EmbeddingInput.Query(""),
            "too long" => TooLong,
            "missing file between texts" => new EmbeddingInput
            {
                Content =
                [
                    new ImagePart(EmbedderFixture.Image(1)),
                    new TextPart(" and "),
                    new ImagePart(ImageSource.FromFile(Path.Combine(fixture.Folder, "none.png"))),
                ],
            },
            "missing file" => EmbeddingInput.Query("q", ImageSource.FromFile(Path.Combine(fixture.Folder, "none.png"))),
            "null" => null!,
            "null part" => new EmbeddingInput { Content = [new TextPart("q"), null!] },
            "null image" => EmbeddingInput.Query("q", EmbedderFixture.Image(1), null!),
            "unknown role" => EmbeddingInput.Query("q") with { Role = (ItemRole)7 },
            "unknown reasoning" => EmbeddingInput.Query("q") with { Reasoning = (ReasoningMode)7 },
            "broken bytes" => EmbeddingInput.Query("q", Broken),
            _ => EmbeddingInput.Query("q", EmbedderFixture.Image(1), Broken),
        };

    private sealed class Listener(Action<EmbeddingProgress> report) : IProgress<EmbeddingProgress>
    {
        public void Report(EmbeddingProgress value) => report(value);
    }
}
