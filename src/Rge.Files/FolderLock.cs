namespace Rge.Files;

/// <summary>
/// Locks a folder for one run: a second one is refused before it changes anything. The operating system releases the lock with the
/// process, however that ends, so that none is ever stale.
/// </summary>
public sealed class FolderLock : IDisposable
{
    /// <summary>Name of the locked file.</summary>
    public const string FileName = "run.lock";

    private readonly string _folder;
    private readonly FileStream _file;

    private FolderLock(string folder, FileStream file) => (_folder, _file) = (folder, file);

    /// <summary>Takes a folder, which is made when needed.</summary>
    /// <exception cref="FolderInUseException">Another run holds the lock, or the folder cannot be written.</exception>
    public static FolderLock Take(string folder)
    {
        var path = Path.Combine(folder, FileName);
        try
        {
            Directory.CreateDirectory(folder);
            return new FolderLock(folder, new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
        }
        catch (IOException e) when (FileProblem.IsInUse(e))
        {
            throw new FolderInUseException(
                $"{folder} is in use by a run that has not ended: wait for it or stop it, or name another folder.",
                e
            );
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new FolderInUseException($"{folder} cannot be used as the folder of a run: {FileProblem.Of(folder, e)}.", e);
        }
    }

    /// <summary>Whether nothing but a lock is in a folder.</summary>
    public static bool IsAloneIn(string folder) =>
        Directory.EnumerateFileSystemEntries(folder).All(path => Path.GetFileName(path) == FileName);

    /// <summary>Releases the folder; one that nothing was written into is deleted.</summary>
    public void Dispose()
    {
        try
        {
            if (IsAloneIn(_folder))
            {
                File.Delete(Path.Combine(_folder, FileName));
                Directory.Delete(_folder);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // An empty folder that stays does no harm.
        }
        _file.Dispose();
    }
}
