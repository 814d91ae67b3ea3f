using System.Text.Json.Serialization;

namespace Rge.Server.Answers;

/// <summary>Voyage's answer.</summary>
internal sealed record VoyageEmbeddings(IReadOnlyList<EmbeddingItem> Data, string Model, VoyageUsage Usage)
{
    [JsonPropertyOrder(-1)]
    public string Object { get; } = "list";
}
