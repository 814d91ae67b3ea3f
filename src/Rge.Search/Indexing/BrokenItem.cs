namespace Rge.Search.Indexing;

/// <summary>Something that could not be indexed.</summary>
/// <param name="Place">The file, folder or row; for an item that a program gave, its key or index.</param>
/// <param name="Problem">What is wrong with it.</param>
public sealed record BrokenItem(string Place, string Problem)
{
    /// <summary>Index of an item that a program gave, from 0; <see langword="null"/> for files and rows.</summary>
    public int? Index { get; init; }

    /// <summary>Line of a row in its file, from 1; <see langword="null"/> for anything else.</summary>
    public int? Line { get; init; }
}
