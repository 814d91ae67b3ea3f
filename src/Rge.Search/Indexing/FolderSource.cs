using Rge.Files;
using Rge.Imaging;

namespace Rge.Search.Indexing;

/// <summary>
/// The images and text files (.txt) of a folder and the folders in it, each an item. Links to folders are not followed, and hidden ones
/// are skipped.
/// </summary>
/// <param name="folder">The folder.</param>
/// <param name="name">Name of the source; <see langword="null"/> for the folder's full path.</param>
public sealed class FolderSource(string folder, string? name = null) : IItemSource
{
    private readonly string _folder = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));

    /// <inheritdoc/>
    public string Name => name ?? _folder;

    /// <inheritdoc/>
    public SourceListing List(CancellationToken cancellationToken)
    {
        if (FileProblem.OfFolder(_folder) is { } problem)
            throw new SearchException(problem);
        var (places, broken, folders) = (
            new List<SourcePlace>(),
            new List<BrokenItem>(),
            new Stack<DirectoryInfo>([new DirectoryInfo(_folder)])
        );
        var (visited, filled, unreadable) = (
            new List<string>(),
            new HashSet<string>(StringComparer.Ordinal),
            new SortedDictionary<string, int>(StringComparer.Ordinal)
        );
        while (folders.TryPop(out var current))
        {
            cancellationToken.ThrowIfCancellationRequested();
            visited.Add(Path.GetRelativePath(_folder, current.FullName));
            try
            {
                foreach (
                    var entry in current
                        .EnumerateFileSystemInfos()
                        .Where(entry => entry.Name[0] != '.')
                        .OrderBy(entry => entry.Name, StringComparer.Ordinal)
                )
                {
                    if (entry is not DirectoryInfo subfolder)
                        Add(entry.FullName);
                    else if (subfolder.LinkTarget is null)
                        folders.Push(subfolder);
                }
            }
            catch (Exception e) when (ReadableFile.Problem(e) is not null)
            {
                broken.Add(new BrokenItem(current.FullName, $"The folder cannot be listed: {ReadableFile.Problem(e)}."));
            }
        }
        return new SourceListing([.. places.OrderBy(place => place.Name, StringComparer.Ordinal)], broken)
        {
            EmptyFolders = [.. visited.Where(folder => folder != "." && !filled.Contains(folder))],
            Unreadable = unreadable,
        };

        void Add(string path)
        {
            Func<SearchItem>? read =
                ItemFile.IsImage(path) ? () => new SearchItem { Path = path, Images = [ItemFile.ReadImage(path)] }
                : ItemFile.IsText(path) ? () => new SearchItem { Path = path, Text = ItemFile.ReadText(path) }
                : null;
            if (read is not null)
            {
                var file = Path.GetRelativePath(_folder, path);
                places.Add(new SourcePlace(file, ItemFile.Stamp(path), read));
                for (
                    var above = Path.GetDirectoryName(file);
                    above is { Length: > 0 } && filled.Add(above);
                    above = Path.GetDirectoryName(above)
                ) { }
            }
            else if (ImageFileTypes.IsKnownUnreadable(path))
            {
                var type = Path.GetExtension(path)[1..].ToUpperInvariant();
                unreadable[type] = unreadable.GetValueOrDefault(type) + 1;
            }
        }
    }
}
