namespace Rge.Search;

/// <summary>The size of a collection.</summary>
/// <param name="Records">Records that can be found.</param>
/// <param name="Places">Files and rows that they come from; more than records where some are equal.</param>
public sealed record CollectionStats(long Records, long Places);
