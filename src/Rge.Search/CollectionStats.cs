namespace Rge.Search;

/// <summary>How much a collection holds.</summary>
/// <param name="Records">Records that can be found.</param>
/// <param name="Places">Files and rows that they come from; more than records where some are alike.</param>
public sealed record CollectionStats(long Records, long Places);
