namespace Rge.Search.Indexing;

/// <summary>The content of a source.</summary>
/// <param name="Places">Its files or rows, each with a name of its own.</param>
/// <param name="Broken">What could not be listed. If there is any, nothing is removed from the collection, since it may still
/// exist.</param>
public sealed record SourceListing(IReadOnlyList<SourcePlace> Places, IReadOnlyList<BrokenItem> Broken)
{
    /// <summary>
    /// Folders, as names of places start with them, that are there but hold nothing that can be indexed: what the collection has of
    /// them does not leave unasked.
    /// </summary>
    public IReadOnlyList<string> EmptyFolders { get; init; } = [];

    /// <summary>Images of formats that cannot be read, by the extension of their files in capitals.</summary>
    public IReadOnlyDictionary<string, int> Unreadable { get; init; } = new Dictionary<string, int>(StringComparer.Ordinal);
}
