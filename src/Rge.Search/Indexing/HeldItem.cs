using Rge.Search.Collections;

namespace Rge.Search.Indexing;

/// <summary>An item that was read, whose id and whatever it takes the place of this worker has claimed.</summary>
/// <param name="Place">Its file or row.</param>
/// <param name="Item">The item.</param>
/// <param name="Id">Its id.</param>
/// <param name="Content">Hash of what its embedding depends on.</param>
/// <param name="Before">What the store knew of the place; <see langword="null"/> for nothing.</param>
internal sealed record HeldItem(SourcePlace Place, SearchItem Item, string Id, string Content, PlaceRecord? Before)
{
    /// <summary>All ids that have to be claimed for it.</summary>
    public string[] Ids => [.. (Before?.Items ?? []).Append(Id).Distinct(StringComparer.Ordinal)];
}
