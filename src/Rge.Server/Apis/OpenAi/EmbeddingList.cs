using System.Text.Json.Serialization;
using Rge.Server.Answers;

namespace Rge.Server.Apis.OpenAi;

/// <summary>OpenAI's answer, which is Jina's as well.</summary>
internal sealed record EmbeddingList(string Id, long Created, string Model, IReadOnlyList<EmbeddingItem> Data, TokenUsage Usage)
{
    [JsonPropertyOrder(-1)]
    public string Object { get; } = "list";

    /// <summary>Makes the answer.</summary>
    public static EmbeddingList From(EmbeddedRequest result) =>
        new(result.Id, result.Created.ToUnixTimeSeconds(), result.Model.Name, result.Items, result.Usage);
}
