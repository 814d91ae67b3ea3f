namespace Rge.Search.Stores;

/// <summary>
/// Shows the other processes of a machine that a worker lives: a file that is locked for as long as its process runs, whichever way that
/// ends. Elsewhere this cannot be detected, and leases have to expire.
/// </summary>
internal sealed class WorkerPresence : IDisposable
{
    private readonly FileStream? _file;

    public WorkerPresence()
    {
        Worker = $"{Environment.MachineName}.{Guid.NewGuid():N}";
        try
        {
            _file = new FileStream(
                PathOf(Worker),
                FileMode.CreateNew,
                FileAccess.ReadWrite,
                FileShare.None,
                bufferSize: 1,
                FileOptions.DeleteOnClose
            );
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A machine without a place for it: its leases have to run out, too.
        }
    }

    /// <summary>The worker's name.</summary>
    public string Worker { get; }

    /// <summary>Whether a worker has certainly died.</summary>
    public static bool IsDead(string worker)
    {
        try
        {
            // DeleteOnClose: the process that notices deletes what the dead one could not.
            using var file = new FileStream(
                PathOf(worker),
                FileMode.Open,
                FileAccess.ReadWrite,
                FileShare.None,
                bufferSize: 1,
                FileOptions.DeleteOnClose
            );
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static string PathOf(string worker) => Path.Combine(Path.GetTempPath(), $"rge-worker-{Path.GetFileName(worker)}");

    public void Dispose() => _file?.Dispose();
}
