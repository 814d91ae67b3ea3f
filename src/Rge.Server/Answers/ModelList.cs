using System.Text.Json.Serialization;

namespace Rge.Server.Answers;

/// <summary>OpenAI's list of models.</summary>
internal sealed record ModelList(IReadOnlyList<ModelEntry> Data)
{
    [JsonPropertyOrder(-1)]
    public string Object { get; } = "list";
}
