using Rge.Models;
using Rge.Models.Inputs;
using Rge.Tests.Shared.Embedders;
using static TorchSharp.torch;

namespace Rge.Tests;

/// <summary>Checkpoints of the VLM2Vec kind: the bare text, and the hidden state of its last token.</summary>
public sealed class LastTokenPoolingTests(EmbedderFixture fixture) : IClassFixture<EmbedderFixture>
{
    [Fact]
    public async Task The_embedding_is_the_last_tokens_hidden_state()
    {
        using var embedder = Load();
        var embedding = await embedder.EmbedAsync(
            EmbeddingInput.Query("a red kite"),
            cancellationToken: TestContext.Current.CancellationToken
        );
        var ids = embedder.Processor.Tokenizer.Encode("a red kite\n");
        Assert.Equal(ids.Length, embedding.PromptTokens);
        Assert.Equal((FinishReason.NotGenerated, null), (embedding.FinishReason, embedding.Rationale));

        using var scope = NewDisposeScope();
        using var gradients = no_grad();
        var hidden = ((QwenVlModel)embedder.GetService(typeof(QwenVlModel))!).Encode([new ModelInput(ids)]);
        Assert.Equal(1, Similarity.Cosine(hidden.to(ScalarType.Float32).data<float>().ToArray(), embedding.Vector.Span), 1e-5);
    }

    [Fact]
    public async Task An_image_takes_its_tokens_and_no_more()
    {
        using var embedder = Load();
        var embedding = await embedder.EmbedAsync(
            new EmbeddingInput { Content = [new ImagePart(EmbedderFixture.Image(1)), new TextPart("\nwhat")] },
            cancellationToken: TestContext.Current.CancellationToken
        );
        Assert.Equal(embedding.ImageTokens + embedder.Processor.Tokenizer.Encode("\nwhat\n").Length, embedding.PromptTokens);
        Assert.True(embedding.ImageTokens > 1);
    }

    [Fact]
    public async Task Reasoning_has_no_place()
    {
        using var embedder = Load();
        foreach (
            var item in (EmbeddingInput[])
                [EmbeddingInput.Query("a") with { Reasoning = ReasoningMode.On }, EmbeddingInput.Query("a") with { Rationale = "b" }]
        )
            Assert.Contains(
                "expected reasoning off",
                (await Assert.ThrowsAsync<EmbeddingException>(() => embedder.EmbedAsync(item))).Message,
                StringComparison.Ordinal
            );
    }

    private ReasoningEmbedder Load() =>
        ReasoningEmbedder.Load(fixture.Folder, new ReasoningEmbedderOptions { Pooling = EmbeddingPooling.LastToken });
}
