namespace Rge.Search.Indexing;

/// <summary>What a source holds.</summary>
/// <param name="Places">Its files or rows, each with a name of its own.</param>
/// <param name="Broken">What could not be listed. Where there is any, nothing leaves the collection: it may be there still.</param>
public sealed record SourceListing(IReadOnlyList<SourcePlace> Places, IReadOnlyList<BrokenItem> Broken)
{
    /// <summary>
    /// Folders, as names of places begin with them, that are there but hold nothing that can be indexed: what the collection has of
    /// them does not leave unasked.
    /// </summary>
    public IReadOnlyList<string> EmptyFolders { get; init; } = [];

    /// <summary>Images of formats that cannot be read, by the extension of their files in capitals.</summary>
    public IReadOnlyDictionary<string, int> Unreadable { get; init; } = new Dictionary<string, int>(StringComparer.Ordinal);
}
