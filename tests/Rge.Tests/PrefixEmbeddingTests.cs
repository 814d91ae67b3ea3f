using Rge.Tests.Shared;
using Rge.Tests.Shared.Embedders;

namespace Rge.Tests;

/// <summary>Embedders and rerankers that keep what they have read, against those that do not.</summary>
public sealed class PrefixEmbeddingTests(EmbedderFixture fixture) : IClassFixture<EmbedderFixture>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_same_picture_asked_again_is_not_read_again()
    {
        using var embedder = Keeping();
        var picture = EmbedderFixture.Image(1, 112, 112);
        EmbeddingInput[] calls =
        [
            EmbeddingInput.Query("what is left of it", picture),
            EmbeddingInput.Query("how many are red", EmbedderFixture.Image(1, 112, 112)), // the same pixels
            EmbeddingInput.Query("how many are red", picture) with
            {
                Rationale = "a red kite",
            },
            EmbeddingInput.Query("how many are red", picture) with
            {
                Rationale = "a red boat",
            },
            EmbeddingInput.Query("how many are red", EmbedderFixture.Image(2, 112, 112)),
        ];
        var found = new List<ReasoningEmbedding>();
        foreach (var item in calls)
        {
            found.Add(await embedder.EmbedAsync(item, cancellationToken: Cancellation));
            var expected = await fixture.Embedder.EmbedAsync(item, cancellationToken: Cancellation);
            Assert.Equal(0, expected.ReusedTokens);
            Assert.Equal((expected.Rationale, expected.PromptTokens), (found[^1].Rationale, found[^1].PromptTokens));
            Assert.Equal(1, Similarity.Cosine(expected.Vector.Span, found[^1].Vector.Span), 1e-6);
        }
        Assert.Equal(0, found[0].ReusedTokens);
        Assert.InRange(found[1].ReusedTokens, found[1].ImageTokens, found[1].PromptTokens - 1);
        // Read: the rationale and the pooled token after it.
        Assert.InRange(found[2].PromptTokens - found[2].ReusedTokens, 1, found[2].RationaleIds.Count + 1);
        Assert.InRange(found[3].PromptTokens - found[3].ReusedTokens, 1, found[3].RationaleIds.Count + 1);
        Assert.InRange(found[4].ReusedTokens, 0, found[4].PromptTokens - found[4].ImageTokens - 1);
    }

    [Fact]
    public async Task An_item_that_fails_does_not_spoil_those_that_begin_like_it()
    {
        using var embedder = Keeping();
        var picture = EmbedderFixture.Image(1, 112, 112);
        EmbeddingInput[] inputs =
        [
            EmbeddingInput.Query("what is left of it", picture),
            EmbeddingInput.Query("what is right of it", picture, ImageSource.FromFile("missing.png")),
            EmbeddingInput.Query("what is above it", picture),
        ];
        for (var round = 0; round < 2; round++)
        {
            var results = await embedder.TryEmbedAsync(inputs, cancellationToken: Cancellation);
            Assert.Equal([true, false, true], results.Select(result => result.Succeeded));
            foreach (var i in (int[])[0, 2])
            {
                var expected = await fixture.Embedder.EmbedAsync(inputs[i], cancellationToken: Cancellation);
                Assert.Equal(1, Similarity.Cosine(expected.Vector.Span, results[i].Embedding!.Vector.Span), 1e-6);
            }
        }
    }

    [Fact]
    public async Task Documents_of_one_query_read_it_once()
    {
        var folder = Golden.Require("presets", "qwen3_vl", "model");
        var options = new RerankerOptions { Preset = ModelPreset.Qwen3VlReranker };
        using Reranker reranker = Reranker.Load(folder, options),
            plain = Reranker.Load(folder, options with { Decoder = new DecodingEngineOptions() });
        var query = EmbeddingInput.Query("a dog at the sea, seen from a boat", EmbedderFixture.Image(1, 224, 224));
        EmbeddingInput[] documents = [.. new[] { "a cat", "a dog", "the sea", "a boat" }.Select(text => EmbeddingInput.Target(text))];
        var (found, expected) = (
            await reranker.ScoreAsync(query, documents, cancellationToken: Cancellation),
            await plain.ScoreAsync(query, documents, cancellationToken: Cancellation)
        );
        Assert.All(expected, result => Assert.Equal(0, result.ReusedTokens));
        Assert.Equal(documents.Length - 1, found.Count(result => result.ReusedTokens > 64));
        foreach (var (one, other) in found.Zip(expected))
            Assert.Equal(other.Score, one.Score, 1e-5);
    }

    private ReasoningEmbedder Keeping() =>
        ReasoningEmbedder.Load(
            fixture.Folder,
            new ReasoningEmbedderOptions
            {
                Generation = fixture.Embedder.Generation,
                Decoder = new DecodingEngineOptions { MaxPrefixTokens = 2000 },
            }
        );
}
