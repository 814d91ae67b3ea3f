using System.Text.Json.Serialization;

namespace Rge.Server.Answers;

/// <summary>OpenAI's answer, which is Jina's as well.</summary>
internal sealed record EmbeddingList(string Id, long Created, string Model, IReadOnlyList<EmbeddingItem> Data, TokenUsage Usage)
{
    [JsonPropertyOrder(-1)]
    public string Object { get; } = "list";
}
