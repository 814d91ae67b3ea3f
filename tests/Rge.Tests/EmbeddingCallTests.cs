using System.Globalization;
using Rge.Models;
using Rge.Prompts;
using Rge.Tests.Decoding;
using Rge.Tests.Shared.Embedders;

namespace Rge.Tests;

public sealed class EmbeddingCallTests(EmbedderFixture fixture) : IClassFixture<EmbedderFixture>
{
    [Fact]
    public async Task Each_distinct_image_of_a_call_is_encoded_once_though_its_items_are_apart()
    {
        var model = new ScriptedModel();
        // Two pictures by content, each from several sources, in windows of two items.
        var inputs = Enumerable.Range(0, 9).Select(i => EmbeddingInput.Target($"item {i}", EmbedderFixture.Picture(i % 2))).ToArray();
        var embeddings = await RunAsync(model, inputs);
        Assert.Equal(2, model.Log.Where(entry => entry.StartsWith("images ", StringComparison.Ordinal)).Sum(entry => int.Parse(entry[7..], CultureInfo.InvariantCulture)));
        Assert.All(embeddings, embedding => Assert.Equal(6, embedding.ImageTokens));
    }

    [Fact]
    public async Task Windows_bound_what_is_under_way()
    {
        var model = new ScriptedModel();
        await RunAsync(model, [.. Enumerable.Range(0, 20).Select(i => EmbeddingInput.Target($"item {i}"))]);
        // A window of two is computed while the next is prepared: never more than two windows in one batch.
        Assert.All(model.Log, entry => Assert.InRange(entry.Split(' ').Length - 1, 1, 4));
    }

    private async Task<ReasoningEmbedding[]> RunAsync(ScriptedModel model, EmbeddingInput[] inputs)
    {
        var processor = fixture.Embedder.Processor;
        var prompts = new PromptBuilder(QwenVlConfig.Load(fixture.Folder), processor);
        using var decoder = new RationaleDecoder(model, prompts.EmbTokenId, new RationaleDecoderOptions());
        var defaults = new ReasoningEmbedderOptions { ItemsAhead = 2 };
        var call = new EmbeddingCall(
            decoder, processor, prompts, defaults, new GenerationOptions(), new ReasoningEmbeddingOptions(), memory: null, inputs, onToken: null, collectsErrors: false);
        return Array.ConvertAll(await call.RunAsync(TestContext.Current.CancellationToken), result => result.Embedding!);
    }
}
