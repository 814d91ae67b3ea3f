using Rge.Evaluation.Mmeb;
using Rge.Tests.Shared;

namespace Rge.Evaluation.Tests;

/// <summary>The small trained model of the repository, which writes rationales of words.</summary>
public sealed class ShippedModel : IDisposable
{
    public ReasoningEmbedder Embedder { get; } =
        ReasoningEmbedder.Load(
            Path.Combine(Golden.RepositoryRoot, "models", "shapeworld"),
            new ReasoningEmbedderOptions { PrefetchItems = MmebEvaluation.ChunkItems }
        );

    public void Dispose() => Embedder.Dispose();
}
