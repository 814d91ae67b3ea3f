using Rge.Decoding;
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
        // Two images by content, each from several sources, in windows of two items.
        var inputs = Enumerable.Range(0, 9).Select(i => EmbeddingInput.Target($"item {i}", EmbedderFixture.Image(i % 2))).ToArray();
        var embeddings = await RunAsync(model, inputs);
        Assert.Equal(2, model.ImagesEncoded);
        Assert.All(embeddings, embedding => Assert.Equal(6, embedding.ImageTokens));
    }

    [Fact]
    public async Task Windows_bound_what_is_under_way()
    {
        var model = new ScriptedModel();
        await RunAsync(model, [.. Enumerable.Range(0, 20).Select(i => EmbeddingInput.Target($"item {i}"))]);
        // A window of two is computed while the next is prepared: never more than two windows in one batch.
        Assert.Equal(20, model.Encoded.Sum(batch => batch.Length));
        Assert.All(model.Encoded, batch => Assert.InRange(batch.Length, 1, 4));
    }

    private async Task<ReasoningEmbedding[]> RunAsync(ScriptedModel model, EmbeddingInput[] inputs)
    {
        var processor = fixture.Embedder.Processor;
        var prompts = new PromptBuilder(QwenVlConfig.Load(fixture.Folder), processor);
        using var decoder = new DecodingEngine(model, prompts.EmbTokenId, new DecodingEngineOptions());
        var defaults = new ReasoningEmbedderOptions { PrefetchItems = 2 };
        using var images = new VisionFeatureCache(0);
        var context = new EmbeddingContext(decoder, processor, prompts, defaults, images);
        var call = new EmbeddingCall(
            context,
            new GenerationOptions(),
            new ReasoningEmbeddingOptions(),
            inputs,
            onToken: null,
            collectsErrors: false
        );
        return Array.ConvertAll(await call.RunAsync(TestContext.Current.CancellationToken), result => result.Embedding!);
    }
}
