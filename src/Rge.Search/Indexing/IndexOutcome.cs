namespace Rge.Search.Indexing;

/// <summary>What indexing has done; counts are of files or rows but for <paramref name="Embedded"/>.</summary>
/// <param name="Stored">New ones and changed ones.</param>
/// <param name="Embedded">Items that were embedded for them; fewer where some are alike or were there.</param>
/// <param name="Unchanged">Those that were there as they are.</param>
/// <param name="Removed">Those that have left the collection since they are no longer in the source.</param>
/// <param name="Broken">What could not be indexed; what the collection had of it stays.</param>
public sealed record IndexOutcome(int Stored, int Embedded, int Unchanged, int Removed, IReadOnlyList<BrokenItem> Broken);
