using Rge.Decoding;
using Rge.Files;
using Rge.Imaging;
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

    [Fact]
    public async Task An_item_that_fails_gives_its_images_back_at_once()
    {
        var image = EmbedderFixture.Image(1);
        var key = image.ContentKey(new ReasoningEmbedderOptions().ImageLimits);
        using var images = new VisionFeatureCache(0);
        var (anew, reports) = (false, 0);
        // Read where its failure is told, while the call goes on: what nobody holds any more is loaded anew.
        var progress = new Relay<EmbeddingProgress>(told =>
        {
            reports += told.Completed;
            using var lease = images.Lease(key, () =>
            {
                anew = true;
                return new PatchedImage(new float[4 * 12], new ImageGrid(1, 2, 2));
            });
            _ = lease.Grid;
        });
        var results = await CallAsync(
            new ScriptedModel(),
            [EmbeddingInput.Target(string.Concat(Enumerable.Repeat("word ", 40_000)), image)],
            images,
            progress,
            collectsErrors: true
        );
        Assert.Contains("positions", Assert.Single(results).Error!.Message, StringComparison.Ordinal);
        Assert.Equal((true, 1), (anew, reports));
    }

    private async Task<ReasoningEmbedding[]> RunAsync(ScriptedModel model, EmbeddingInput[] inputs)
    {
        using var images = new VisionFeatureCache(0);
        return Array.ConvertAll(await CallAsync(model, inputs, images), result => result.Embedding!);
    }

    private async Task<EmbeddingResult[]> CallAsync(
        ScriptedModel model,
        EmbeddingInput[] inputs,
        VisionFeatureCache images,
        IProgress<EmbeddingProgress>? progress = null,
        bool collectsErrors = false
    )
    {
        var processor = fixture.Embedder.Processor;
        var prompts = new PromptBuilder(QwenVlConfig.Load(fixture.Folder), processor);
        using var decoder = new DecodingEngine(model, prompts.EmbTokenId, new DecodingEngineOptions());
        var defaults = new ReasoningEmbedderOptions { PrefetchItems = 2 };
        var context = new EmbeddingContext(decoder, processor, prompts, defaults, images);
        var call = new EmbeddingCall(
            context,
            new GenerationOptions(),
            new ReasoningEmbeddingOptions { Progress = progress },
            inputs,
            onToken: null,
            collectsErrors
        );
        return await call.RunAsync(TestContext.Current.CancellationToken);
    }
}
