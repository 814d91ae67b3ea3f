using System.Collections.Frozen;
using Rge.Search;

namespace Rge.Server.Requests;

/// <summary>The names that requests and answers have for what collections are made of.</summary>
internal static class ItemKinds
{
    /// <summary>Kinds of items.</summary>
    public static FrozenDictionary<string, ItemKind> ByName { get; } =
        FrozenDictionary.Create<string, ItemKind>(StringComparer.Ordinal, new("text", ItemKind.Text), new("image", ItemKind.Image), new("image-and-text", ItemKind.ImageAndText));

    /// <summary>Ways to search.</summary>
    public static FrozenDictionary<string, CollectionIndex> Indexes { get; } =
        FrozenDictionary.Create<string, CollectionIndex>(StringComparer.Ordinal, new("exact", CollectionIndex.Exact), new("hnsw", CollectionIndex.Hnsw));

    /// <summary>The name of a record's kind.</summary>
    public static string NameOf(string kind) => ByName.First(pair => pair.Value.ToString() == kind).Key;
}
