using Rge.Server.Requests;

namespace Rge.Server.Serving;

/// <summary>The model that the server has.</summary>
/// <param name="Embedder">The embedder; holders of this record do not dispose it.</param>
/// <param name="Description">What requests may ask of it.</param>
internal sealed record ServedModel(ReasoningEmbedder Embedder, ModelDescription Description)
{
    /// <summary>When it was loaded.</summary>
    public DateTimeOffset Loaded { get; } = DateTimeOffset.UtcNow;
}
