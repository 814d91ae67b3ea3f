using Rge.Server.Requests;

namespace Rge.Server.Serving;

/// <summary>The model that the server has.</summary>
/// <param name="Embedder">The embedder; holders of this record do not dispose it.</param>
/// <param name="Description">What requests may ask of it.</param>
internal sealed record ServedModel(ReasoningEmbedder Embedder, ModelDescription Description)
{
    /// <summary>The reranker beside it; <see langword="null"/> where there is none.</summary>
    public ServedReranker? Reranker { get; init; }

    /// <summary>When it was loaded.</summary>
    public DateTimeOffset Loaded { get; } = DateTimeOffset.UtcNow;
}
