using System.ComponentModel;
using System.Text.Json.Serialization;

namespace Rge.Server.Answers;

/// <summary>A rationale and the embedding taken after it.</summary>
internal sealed record RationaleAnswer(
    string Id,
    string Model,
    [property: Description("The rationale, written or given; missing where there was no reasoning.")] string? Rationale,
    [property: Description("Why it ended: emb, the model ended it; budget, it had reached its longest; none, nothing was written.")] string RationaleEnd,
    [property: Description("The embedding, of length 1: a list of numbers, or base64 of little-endian float32.")] object Embedding,
    TokenUsage Usage,
    ItemTimings Timings)
{
    [JsonPropertyOrder(-1)]
    public string Object { get; } = "rationale";
}
