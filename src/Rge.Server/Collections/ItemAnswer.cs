using System.ComponentModel;
using Rge.Search;

namespace Rge.Server.Collections;

/// <summary>An item of a collection.</summary>
internal sealed record ItemAnswer(
    [property: Description("Hash of its content.")] string Id,
    [property: Description("text, image or image-and-text.")] string Kind,
    [property: Description("What to call it: its key, the name of its file, or its text.")] string Label,
    string? Key,
    string? Text,
    IReadOnlyDictionary<string, string[]> Metadata,
    [property: Description("Whether there is an image of it at …/items/{id}/thumbnail.")] bool Thumbnail
)
{
    /// <summary>Makes the answer.</summary>
    public static ItemAnswer From(SearchRecord record) =>
        new(
            record.Id,
            SearchNames.KindOf(record),
            record.Label,
            record.Key,
            record.Text,
            record.Metadata.ToDictionary(values => values.Key, values => values.ToArray(), StringComparer.Ordinal),
            record.Kind != nameof(ItemKind.Text)
        );
}

/// <summary>Items.</summary>
internal sealed record ItemList(IReadOnlyList<ItemAnswer> Items);
