using System.ComponentModel;

namespace Rge.Server.Answers;

/// <summary>An item of a collection.</summary>
internal sealed record ItemAnswer(
    [property: Description("Hash of its content.")] string Id,
    [property: Description("text, image or image-and-text.")] string Kind,
    [property: Description("What to call it: its key, the name of its file, or its text.")] string Label,
    string? Key,
    string? Text,
    IReadOnlyDictionary<string, string[]> Metadata,
    [property: Description("Whether there is a picture of it at …/items/{id}/thumbnail.")] bool Thumbnail);
