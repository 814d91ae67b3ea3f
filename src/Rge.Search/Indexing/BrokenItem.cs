namespace Rge.Search.Indexing;

/// <summary>Something that could not be indexed.</summary>
/// <param name="Place">The file, folder or row; the id of an item that a program gave.</param>
/// <param name="Problem">What is wrong with it.</param>
public sealed record BrokenItem(string Place, string Problem)
{
    /// <summary>Index of an item that a program gave, from 0; <see langword="null"/> for files and rows.</summary>
    public int? Index { get; init; }
}
