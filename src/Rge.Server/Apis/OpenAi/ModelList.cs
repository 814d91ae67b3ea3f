using System.ComponentModel;
using System.Text.Json.Serialization;

namespace Rge.Server.Apis.OpenAi;

/// <summary>OpenAI's list of models.</summary>
internal sealed record ModelList(IReadOnlyList<ModelEntry> Data)
{
    [JsonPropertyOrder(-1)]
    public string Object { get; } = "list";
}

/// <summary>A model by one of its names.</summary>
internal sealed record ModelEntry(
    string Id,
    long Created,
    [property: Description("Length of its embeddings; none for a reranker.")] int? Dimensions
)
{
    [JsonPropertyOrder(-1)]
    public string Object { get; } = "model";

    public string OwnedBy { get; } = "rge";
}
