namespace Rge.Search.Indexing;

/// <summary>Finds the kind of source that a path is.</summary>
public static class ItemSource
{
    /// <summary>A folder's items, or the rows of a JSON Lines file.</summary>
    /// <param name="path">The folder or file.</param>
    /// <param name="name">What to call the source; <see langword="null"/> for its full path.</param>
    /// <exception cref="SearchException">There is neither.</exception>
    public static IItemSource Open(string path, string? name = null) =>
        Directory.Exists(path) ? new FolderSource(path, name)
        : File.Exists(path) ? new JsonLinesSource(path, name)
        : throw new SearchException($"There is no folder or file {path}.");
}
