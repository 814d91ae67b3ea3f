using System.Text.Json.Serialization;
using Microsoft.Extensions.AI;

namespace Rge;

/// <summary>Options of one call of <see cref="ReasoningEmbedder"/>.</summary>
public class ReasoningEmbeddingOptions : EmbeddingGenerationOptions
{
    /// <summary>Creates options with nothing set.</summary>
    public ReasoningEmbeddingOptions() { }

    /// <summary>Copies options; those of the base class keep what this class adds unset.</summary>
    public ReasoningEmbeddingOptions(EmbeddingGenerationOptions? other)
        : base(other)
    {
        if (other is ReasoningEmbeddingOptions options)
            (Reasoning, Generation, Progress) = (options.Reasoning, options.Generation, options.Progress);
    }

    /// <summary>Whether items without a mode of their own reason; <see langword="null"/> for the embedder's default.</summary>
    public ReasoningMode? Reasoning { get; set; }

    /// <summary>How rationales are written; <see langword="null"/> for the embedder's default.</summary>
    public GenerationOptions? Generation { get; set; }

    /// <summary>Called after each item. Not part of the JSON.</summary>
    [JsonIgnore]
    public IProgress<EmbeddingProgress>? Progress { get; set; }

    /// <inheritdoc/>
    public override EmbeddingGenerationOptions Clone() => new ReasoningEmbeddingOptions(this);
}
