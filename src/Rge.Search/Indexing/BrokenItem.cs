namespace Rge.Search.Indexing;

/// <summary>Something that could not be indexed.</summary>
/// <param name="Place">The file, folder or row.</param>
/// <param name="Problem">What is wrong with it.</param>
public sealed record BrokenItem(string Place, string Problem);
