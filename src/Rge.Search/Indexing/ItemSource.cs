namespace Rge.Search.Indexing;

/// <summary>Finds the kind of source that a path is.</summary>
public static class ItemSource
{
    /// <summary>A folder's items, or the rows of a JSON Lines file.</summary>
    /// <param name="path">The folder or file.</param>
    /// <param name="name">Name of the source; <see langword="null"/> for its full path.</param>
    /// <exception cref="SearchException">There is neither, or the file is an item itself.</exception>
    public static IItemSource Open(string path, string? name = null) =>
        Directory.Exists(path) ? new FolderSource(path, name)
        : ItemFile.IsImage(path) || ItemFile.IsText(path)
            ? throw new SearchException($"{path} is a single item, expected a folder or a JSON Lines file.")
        : File.Exists(path) ? new JsonLinesSource(path, name)
        : throw new SearchException($"There is no folder or file {path}.");
}
