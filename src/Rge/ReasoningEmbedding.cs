using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.Extensions.AI;

namespace Rge;

/// <summary>An embedding with its rationale, token counts and timings. Immutable.</summary>
[JsonConverter(typeof(ReasoningEmbeddingConverter))]
public sealed record ReasoningEmbedding
{
    /// <summary>
    /// Key of <see cref="Embedding.AdditionalProperties"/> under which <see cref="ReasoningEmbedder.GenerateAsync"/> returns it.
    /// </summary>
    public const string PropertyName = "rge";

    /// <summary>The L2-normalized vector.</summary>
    public required ReadOnlyMemory<float> Vector { get; init; }

    /// <summary>
    /// The rationale that the embedding was taken after, without special tokens: written or given; <see langword="null"/> without one.
    /// </summary>
    public string? Rationale { get; init; }

    /// <summary>Tokens of the rationale; of a written one, the model's own <c>&lt;emb&gt;</c> included.</summary>
    public IReadOnlyList<int> RationaleIds { get; init; } = [];

    /// <summary>How many of them the model wrote; 0 where the rationale was given.</summary>
    public int WrittenTokens => FinishReason == FinishReason.NotGenerated ? 0 : RationaleIds.Count;

    /// <summary>Why the rationale ended.</summary>
    public FinishReason FinishReason { get; init; }

    /// <summary>Tokens of the prompt, image tokens included.</summary>
    public int PromptTokens { get; init; }

    /// <summary>Tokens that the images take in the prompt.</summary>
    public int ImageTokens { get; init; }

    /// <summary>
    /// The probability that the model gave to embedding without a rationale, 0 to 1; <see langword="null"/> where it was not asked or not
    /// trained to tell (<see cref="GenerationOptions.DirectThreshold"/>). Not part of its JSON.
    /// </summary>
    public double? DirectProbability { get; init; }

    /// <summary>
    /// Tokens of the prompt that were not read, as <see cref="DecodingEngineOptions.MaxPrefixTokens"/> kept a state of them. Not part of
    /// its JSON.
    /// </summary>
    public int ReusedTokens { get; init; }

    /// <summary>How the time was spent.</summary>
    public DecodeTimings Timings { get; init; }

    /// <summary>
    /// The details of a plain embedding that <see cref="ReasoningEmbedder"/> has made, also after a round trip through
    /// JSON, as in a cache; <see langword="null"/> for others.
    /// </summary>
    public static ReasoningEmbedding? From(Embedding embedding)
    {
        ArgumentNullException.ThrowIfNull(embedding);
        object? details = null;
        embedding.AdditionalProperties?.TryGetValue(PropertyName, out details);
        try
        {
            return details is JsonElement json
                ? json.Deserialize(RgeJsonContext.Default.ReasoningEmbedding)
                : details as ReasoningEmbedding;
        }
        catch (JsonException)
        {
            return null; // another component's property of the same name
        }
    }
}
