using Rge.Models;
using static TorchSharp.torch;

namespace Rge.Verification;

/// <summary>How reference vectors are checked.</summary>
public sealed record VerificationOptions
{
    /// <summary>
    /// Number type of the model: float32 is checked for every quantity, bfloat16 and float16 for the cosine of the embeddings with the
    /// float32 reference, the tokens before <c>&lt;emb&gt;</c> being the reference's, and for a reranker's scores.
    /// </summary>
    public ScalarType DType { get; init; } = ScalarType.Float32;

    /// <summary>Where the model runs; <see langword="null"/> is the CPU.</summary>
    public Device? Device { get; init; }

    /// <summary>
    /// Largest cosine distance of an embedding from the reference's. Rounded types depend on the processor: without bfloat16 instructions
    /// sums are rounded in another order, and the tiny reference checkpoints move by up to 1.1e-3.
    /// </summary>
    /// <param name="config">
    /// The model; null where the folder has none. The norm inside a gated delta net divides by what it has read, which makes rounding count for more: transformers' own
    /// embeddings in bfloat16 are up to 1.0e-2 from its float32 on five such checkpoints.
    /// </param>
    internal double EmbeddingTolerance(QwenVlConfig? config) =>
        DType == ScalarType.Float32 ? 1e-5
        : config?.Text.DeltaNet is null ? 2e-3
        : 2e-2;

    /// <summary>Largest difference of a reranker's score from the reference's.</summary>
    internal double ScoreTolerance => DType == ScalarType.Float32 ? 1e-4 : 2e-2;
}
