using System.ComponentModel;
using System.Text.Json.Serialization;

namespace Rge.Server.Answers;

/// <summary>An embedding in OpenAI's and Voyage's answers.</summary>
internal sealed record EmbeddingItem(
    int Index,
    [property: Description("The embedding, of length 1: a list of numbers, or base64 of little-endian float32.")] object Embedding,
    [property: Description("The rationale that the embedding was taken after; with return_rationale, where there is one.")]
        string? Rationale
)
{
    [JsonPropertyOrder(-1)]
    public string Object { get; } = "embedding";
}
