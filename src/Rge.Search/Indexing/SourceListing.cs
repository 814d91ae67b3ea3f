namespace Rge.Search.Indexing;

/// <summary>What a source holds.</summary>
/// <param name="Places">Its files or rows, each with a name of its own.</param>
/// <param name="Broken">What could not be listed. Where there is any, nothing leaves the collection: it may be there still.</param>
public sealed record SourceListing(IReadOnlyList<SourcePlace> Places, IReadOnlyList<BrokenItem> Broken);
