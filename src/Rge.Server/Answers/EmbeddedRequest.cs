using Rge.Server.Requests;

namespace Rge.Server.Answers;

/// <summary>A request and its embeddings, of which each format makes its answer. Immutable.</summary>
/// <param name="Request">The request.</param>
/// <param name="Embeddings">An embedding for each of its items.</param>
/// <param name="Model">The model that they were made with.</param>
/// <param name="Created">When.</param>
internal sealed record EmbeddedRequest(
    EmbeddingRequest Request,
    IReadOnlyList<ReasoningEmbedding> Embeddings,
    ModelDescription Model,
    DateTimeOffset Created
)
{
    /// <summary>A name for the answer, no two alike.</summary>
    public string Id { get; } = $"embd-{Guid.NewGuid():N}";

    /// <summary>The embeddings in the first of the forms asked for.</summary>
    public IReadOnlyList<EmbeddingItem> Items =>
        [
            .. Embeddings.Select(
                (embedding, i) =>
                    new EmbeddingItem(
                        i,
                        Request.Encodings[0].Encode(embedding.Vector),
                        Request.ReturnRationale ? embedding.Rationale : null
                    )
            ),
        ];

    /// <summary>What the answer cost.</summary>
    public TokenUsage Usage =>
        TokenUsage.Create(Embeddings.Sum(embedding => embedding.PromptTokens), Embeddings.Sum(embedding => embedding.WrittenTokens));

    /// <summary>Tokens read of images.</summary>
    public int ImageTokens => Embeddings.Sum(embedding => embedding.ImageTokens);
}
