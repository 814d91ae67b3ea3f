using System.Collections.Frozen;

namespace Rge.Search;

/// <summary>The names of kinds and indexes in files, options and the API. Immutable.</summary>
public static class SearchNames
{
    /// <summary>Kinds of items.</summary>
    public static FrozenDictionary<string, ItemKind> Kinds { get; } =
        FrozenDictionary.Create<string, ItemKind>(
            StringComparer.Ordinal,
            new("text", ItemKind.Text),
            new("image", ItemKind.Image),
            new("image-and-text", ItemKind.ImageAndText)
        );

    /// <summary>Ways to search.</summary>
    public static FrozenDictionary<string, CollectionIndex> Indexes { get; } =
        FrozenDictionary.Create<string, CollectionIndex>(
            StringComparer.Ordinal,
            new("exact", CollectionIndex.Exact),
            new("hnsw", CollectionIndex.Hnsw)
        );

    /// <summary>The name of a record's kind.</summary>
    public static string KindOf(SearchRecord record)
    {
        ArgumentNullException.ThrowIfNull(record);
        return Kinds.First(pair => pair.Value.ToString() == record.Kind).Key;
    }

    /// <summary>The name of a way to search.</summary>
    public static string NameOf(CollectionIndex index) => Indexes.First(pair => pair.Value == index).Key;
}
