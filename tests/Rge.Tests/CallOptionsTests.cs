using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.Extensions.AI;
using Rge.Tests.Shared.Embedders;

namespace Rge.Tests;

/// <summary>What a call asks for beyond its items is done or refused.</summary>
public sealed class CallOptionsTests(EmbedderFixture fixture) : IClassFixture<EmbedderFixture>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Another_model_is_refused_on_every_path()
    {
        var (item, own) = (EmbeddingInput.Target("text"), Path.GetFileName(fixture.Folder));
        var options = new ReasoningEmbeddingOptions { ModelId = "no-such-model" };
        foreach (var call in (Func<Task>[])
            [
                () => fixture.Embedder.GenerateAsync([item], new EmbeddingGenerationOptions { ModelId = "no-such-model" }, Cancellation),
                () => fixture.Embedder.EmbedAsync(item, options, Cancellation), () => fixture.Embedder.EmbedAsync([item], options, Cancellation),
                async () => await fixture.Embedder.TryEmbedAsync([item], options, Cancellation), async () => await fixture.Embedder.StreamAsync(item, options, Cancellation).ToListAsync(Cancellation),
                () => fixture.Embedder.ForText(ItemRole.Query).GenerateAsync(["text"], options, Cancellation),
            ])
            Assert.Contains($"'no-such-model', and the embedder's is '{own}'", (await Assert.ThrowsAsync<ArgumentException>(call)).Message, StringComparison.Ordinal);
        Assert.Single(await fixture.Embedder.GenerateAsync([item], new EmbeddingGenerationOptions { ModelId = own }, Cancellation));
    }

    [Theory]
    [InlineData("temperature", "1", "'temperature', expected role, instruction or reasoning")]
    [InlineData("role", "document", "'role' is 'document', expected query or target")]
    [InlineData("role", "0", "'role' is '0'")]
    [InlineData("reasoning", "maybe", "'reasoning' is 'maybe', expected on or off")]
    public async Task Properties_that_are_not_understood_are_refused(string name, string value, string message)
    {
        var options = new EmbeddingGenerationOptions { AdditionalProperties = new() { [name] = value } };
        var text = await Assert.ThrowsAsync<ArgumentException>(() => fixture.Embedder.ForText(ItemRole.Query).GenerateAsync(["text"], options, Cancellation));
        var item = await Assert.ThrowsAsync<ArgumentException>(() => fixture.Embedder.GenerateAsync([EmbeddingInput.Query("text")], options, Cancellation));
        Assert.Contains(message, text.Message, StringComparison.Ordinal);
        Assert.Contains(message, item.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Texts_take_role_instruction_and_reasoning_from_the_call()
    {
        var texts = fixture.Embedder.ForText(ItemRole.Target, "own:");
        await ExpectAsync(new() { ["role"] = "query" }, new EmbeddingInput { Role = ItemRole.Query, Instruction = "own:", Text = "text" });
        await ExpectAsync(new() { ["role"] = ItemRole.Query, ["instruction"] = "find:" }, new EmbeddingInput { Role = ItemRole.Query, Instruction = "find:", Text = "text" });
        await ExpectAsync(new() { ["reasoning"] = "on" }, new EmbeddingInput { Role = ItemRole.Target, Instruction = "own:", Text = "text", Reasoning = ReasoningMode.On });
        await ExpectAsync(new() { ["reasoning"] = true }, new EmbeddingInput { Role = ItemRole.Target, Instruction = "own:", Text = "text", Reasoning = ReasoningMode.On });
        await ExpectAsync(
            new() { ["Role"] = JsonSerializer.SerializeToElement("query"), ["reasoning"] = JsonSerializer.SerializeToElement("off") },
            new EmbeddingInput { Role = ItemRole.Query, Instruction = "own:", Text = "text", Reasoning = ReasoningMode.Off });

        async Task ExpectAsync(AdditionalPropertiesDictionary properties, EmbeddingInput item)
        {
            var truth = await fixture.Embedder.EmbedAsync(item, cancellationToken: Cancellation);
            var embedding = (await texts.GenerateAsync(["text"], new EmbeddingGenerationOptions { AdditionalProperties = properties }, Cancellation))[0];
            Assert.Equal(truth.Vector.ToArray(), embedding.Vector.ToArray());
            Assert.Equal(truth.RationaleIds, ReasoningEmbedding.From(embedding)!.RationaleIds);
        }
    }

    [Fact]
    public async Task An_item_keeps_its_own_role_and_instruction()
    {
        foreach (var name in (string[])["role", "instruction"])
        {
            var options = new EmbeddingGenerationOptions { AdditionalProperties = new() { [name] = "query" } };
            var error = await Assert.ThrowsAsync<ArgumentException>(() => fixture.Embedder.GenerateAsync([EmbeddingInput.Target("text")], options, Cancellation));
            Assert.Contains("its own role and instruction", error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Copies_of_options_keep_everything()
    {
        var options = new ReasoningEmbeddingOptions
        {
            Dimensions = 8,
            ModelId = "m",
            AdditionalProperties = new() { ["reasoning"] = "on" },
            Reasoning = ReasoningMode.Off,
            Generation = new GenerationOptions { Seed = 5 },
            Progress = new Progress<EmbeddingProgress>(),
        };
        var copy = Assert.IsType<ReasoningEmbeddingOptions>(options.Clone());
        Assert.Equal(
            (options.Dimensions, options.ModelId, options.Reasoning, options.Generation, options.Progress),
            (copy.Dimensions, copy.ModelId, copy.Reasoning, copy.Generation, copy.Progress));
        Assert.Equal(options.AdditionalProperties, copy.AdditionalProperties);
        Assert.NotSame(options.AdditionalProperties, copy.AdditionalProperties);
    }

    [Fact]
    public async Task No_work_is_done_on_the_callers_thread()
    {
        var items = new WatchedItems([.. Enumerable.Range(0, 20).Select(i => EmbeddingInput.Target($"item {i}"))]);
        var caller = 0;
        var called = new TaskCompletionSource();
        // A thread of its own, alive until the end, so that none of the pool's has its number.
        var thread = new Thread(() =>
        {
            caller = Environment.CurrentManagedThreadId;
            var call = fixture.Embedder.EmbedAsync(items, cancellationToken: Cancellation);
            call.ContinueWith(_ => { }, TaskScheduler.Default).Wait(Cancellation);
            called.SetResult();
        });
        thread.Start();
        await called.Task;
        Assert.NotEmpty(items.Readers);
        Assert.DoesNotContain(caller, items.Readers);
    }

    [Fact]
    public async Task Rationales_do_not_show_special_tokens()
    {
        var tokenizer = fixture.Embedder.Processor.Tokenizer;
        // Nothing but control tokens may be written, so they are.
        var special = tokenizer.SpecialTokens.Values.Where(id => id != fixture.Embedder.EmbTokenId).Order().ToArray();
        var banned = Enumerable.Range(0, 512).Except(special).ToArray();
        var options = new ReasoningEmbeddingOptions { Generation = new GenerationOptions { MaxRationaleTokens = 4, BannedTokens = banned } };
        var embedding = await fixture.Embedder.EmbedAsync(EmbeddingInput.Query("text"), options, Cancellation);
        Assert.Equal(4, embedding.RationaleIds.Count(special.Contains));
        Assert.Equal("", embedding.Rationale);
        var streamed = await fixture.Embedder.StreamAsync(EmbeddingInput.Query("text"), options, Cancellation).ToListAsync(Cancellation);
        Assert.Equal("", string.Concat(streamed.Select(update => update.Text)));
    }

    /// <summary>Knows which threads have read from it.</summary>
    private sealed class WatchedItems(EmbeddingInput[] items) : IReadOnlyList<EmbeddingInput>
    {
        private readonly ConcurrentDictionary<int, bool> _readers = new();

        public ICollection<int> Readers => _readers.Keys;

        public int Count => items.Length;

        public EmbeddingInput this[int index] => Noted(items[index]);

        public IEnumerator<EmbeddingInput> GetEnumerator() => items.Select(Noted).GetEnumerator();

        System.Collections.IEnumerator System.Collections.IEnumerable.GetEnumerator() => GetEnumerator();

        private EmbeddingInput Noted(EmbeddingInput item)
        {
            _readers[Environment.CurrentManagedThreadId] = true;
            return item;
        }
    }
}
