namespace Rge.Search.Indexing;

/// <summary>The pictures and text files (.txt) of a folder and the folders in it, each an item. Links to folders are not followed, hidden ones passed over.</summary>
/// <param name="folder">The folder.</param>
/// <param name="name">What to call the source; <see langword="null"/> for the folder's full path.</param>
public sealed class FolderSource(string folder, string? name = null) : IItemSource
{
    private readonly string _folder = Path.GetFullPath(folder);

    /// <inheritdoc/>
    public string Name => name ?? _folder;

    /// <inheritdoc/>
    public SourceListing List(CancellationToken cancellationToken)
    {
        if (!Directory.Exists(_folder)) throw new SearchException($"The folder {_folder} does not exist.");
        var (places, broken, folders) = (new List<SourcePlace>(), new List<BrokenItem>(), new Stack<DirectoryInfo>([new DirectoryInfo(_folder)]));
        while (folders.TryPop(out var current))
        {
            cancellationToken.ThrowIfCancellationRequested();
            try
            {
                foreach (var entry in current.EnumerateFileSystemInfos().Where(entry => entry.Name[0] != '.').OrderBy(entry => entry.Name, StringComparer.Ordinal))
                {
                    if (entry is not DirectoryInfo subfolder) Add(entry.FullName);
                    else if (subfolder.LinkTarget is null) folders.Push(subfolder);
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                broken.Add(new BrokenItem(current.FullName, $"The folder cannot be listed: {e.Message}"));
            }
        }
        return new SourceListing([.. places.OrderBy(place => place.Name, StringComparer.Ordinal)], broken);

        void Add(string path)
        {
            Func<SearchItem>? read = ItemFile.IsPicture(path) ? () => new SearchItem { Path = path, Images = [ItemFile.ReadPicture(path)] }
                : ItemFile.IsText(path) ? () => new SearchItem { Path = path, Text = ItemFile.ReadText(path) }
                : null;
            if (read is not null) places.Add(new SourcePlace(Path.GetRelativePath(_folder, path), ItemFile.Stamp(path), read));
        }
    }
}
