using System.Diagnostics.CodeAnalysis;

namespace Rge.Search;

/// <summary>An item of a collection as it is stored.</summary>
public sealed class SearchRecord
{
    /// <summary>
    /// Hash of the item's content (<see cref="SearchItem.Id"/>): the same item has the same id wherever and whenever it is indexed.
    /// </summary>
    public string Id { get; set; } = "";

    /// <summary>Name of the item's <see cref="ItemKind"/>.</summary>
    public string Kind { get; set; } = nameof(ItemKind.Text);

    /// <summary>The key that the item's owner gave it.</summary>
    public string? Key { get; set; }

    /// <summary>The item's text.</summary>
    public string? Text { get; set; }

    /// <summary>
    /// Path of the item's first image or text file, on the machine that indexed it; <see langword="null"/> for what was given without a
    /// file.
    /// </summary>
    public string? Path { get; set; }

    /// <summary>The metadata, each entry as <c>key=value</c>; see <see cref="Metadata"/>.</summary>
    [SuppressMessage(
        "Design",
        "MA0016:Prefer using collection abstraction instead of implementation",
        Justification = "VectorData's stores know lists, not their abstractions."
    )]
    public List<string> Tags { get; set; } = [];

    /// <summary>The embedding; empty where it was not asked for.</summary>
    public ReadOnlyMemory<float> Vector { get; set; }

    /// <summary>The metadata: the values of each key.</summary>
    public ILookup<string, string> Metadata => Tags.Select(Tag.Split).ToLookup(tag => tag.Key, tag => tag.Value, StringComparer.Ordinal);

    /// <summary>Whether another record has the same but for its vector and path.</summary>
    internal bool SaysTheSame(SearchRecord other) =>
        Kind == other.Kind && Key == other.Key && Text == other.Text && Tags.ToHashSet(StringComparer.Ordinal).SetEquals(other.Tags);

    /// <summary>What to call the item: its key, the name of its file, or its text.</summary>
    public string Label => Key ?? System.IO.Path.GetFileName(Path) ?? Text ?? Id;
}
