using System.Buffers;

namespace Rge.Hub;

/// <summary>
/// Downloads checkpoint folders from a Hugging Face-compatible server. Downloads resume where an earlier one stopped, each file
/// is compared with the server's checksum before it is renamed into place, and an existing file with the right checksum is not fetched
/// again. Thread-safe, except for two downloads into the same folder: the second is refused.
/// </summary>
public sealed class HubDownloader
{
    private static readonly SearchValues<char> NameCharacters = SearchValues.Create(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"
    );

    private readonly HubOptions _options;
    private readonly TimeProvider _time;
    private readonly HubClient _client;

    /// <summary>Creates a downloader.</summary>
    /// <param name="http">Client for all requests; owned by the caller. Preferably from <see cref="CreateHttpClient"/>.</param>
    /// <param name="options">Endpoint and settings; the defaults when null.</param>
    /// <param name="time">Clock of the waits between attempts; the system's when null.</param>
    /// <exception cref="HubException">The token cannot be sent.</exception>
    public HubDownloader(HttpClient http, HubOptions? options = null, TimeProvider? time = null)
    {
        ArgumentNullException.ThrowIfNull(http);
        _options = options ?? new HubOptions();
        ArgumentOutOfRangeException.ThrowIfLessThan(_options.ParallelFiles, 1, nameof(options));
        ArgumentOutOfRangeException.ThrowIfLessThan(_options.Attempts, 1, nameof(options));
        _time = time ?? TimeProvider.System;
        _client = new HubClient(http, _options, _time);
    }

    /// <summary>
    /// A client that leaves redirects to the downloader, which follows those within the endpoint's own host with the token and
    /// all others without, and that has no limit on the time of a whole download.
    /// </summary>
    public static HttpClient CreateHttpClient()
    {
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            ConnectTimeout = TimeSpan.FromSeconds(30),
        };
        var client = new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan };
        client.DefaultRequestHeaders.UserAgent.ParseAdd($"rge/{typeof(HubDownloader).Assembly.GetName().Version?.ToString(3)}");
        return client;
    }

    /// <summary>True for "name" and "owner/name" with the characters that hubs allow.</summary>
    public static bool IsRepositoryName(string repository)
    {
        ArgumentNullException.ThrowIfNull(repository);
        return repository.Split('/') is { Length: 1 or 2 } parts
            && parts.All(part =>
                part is [not ('.' or '-'), ..]
                && !part.AsSpan().ContainsAnyExcept(NameCharacters)
                && !part.Contains("..", StringComparison.Ordinal)
            );
    }

    /// <summary>Lists a repository and chooses files from it.</summary>
    /// <param name="repository">"owner/name".</param>
    /// <param name="revision">Branch, tag or commit.</param>
    /// <param name="include">Patterns of file names (* any characters, ? one); null or empty for what a checkpoint or adapter
    /// folder needs: *.json, *.safetensors, merges.txt and *.jinja of the top folder.</param>
    /// <param name="waiting">Receives each failure that is retried: what it was, and how long the wait is.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="HubException">No such repository or revision, no access, nothing to choose, no connection.</exception>
    public async Task<HubSnapshot> FindAsync(
        string repository,
        string revision = "main",
        IReadOnlyList<string>? include = null,
        IProgress<string>? waiting = null,
        CancellationToken cancellationToken = default
    )
    {
        if (!IsRepositoryName(repository))
            throw new ArgumentException($"'{repository}' is no repository name, expected owner/name.", nameof(repository));
        if (revision is "" or "." or "..")
            throw new ArgumentException($"'{revision}' is no revision.", nameof(revision));

        var (commit, files) = HubListing.Parse(await ListAsync(repository, revision, waiting, cancellationToken), repository);
        return new HubSnapshot(repository, commit, HubSelection.Choose(files, include ?? [], repository));
    }

    /// <summary>Downloads the files of a snapshot into a folder, which is created when needed. Other files there are left alone.</summary>
    /// <param name="snapshot">From <see cref="FindAsync"/>.</param>
    /// <param name="folder">The folder.</param>
    /// <param name="progress">Receives each file, from several threads at once.</param>
    /// <param name="cancellationToken">Stops the download; what has arrived is kept for the next one.</param>
    /// <exception cref="HubException">A file cannot be downloaded or be written; those that are complete stay.</exception>
    public async Task DownloadAsync(
        HubSnapshot snapshot,
        string folder,
        IProgress<HubProgress>? progress = null,
        CancellationToken cancellationToken = default
    )
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        ArgumentException.ThrowIfNullOrEmpty(folder);

        var root = Path.GetFullPath(folder);
        var transfers = snapshot.Files.Select(file => (File: file, Path: file.PathIn(root))).ToArray();
        RequireSpace(root, transfers);
        await Parallel.ForEachAsync(
            transfers,
            new ParallelOptions { MaxDegreeOfParallelism = _options.ParallelFiles, CancellationToken = cancellationToken },
            async (item, stop) => await new FileTransfer(_client, snapshot, item.File, item.Path, _options, _time, progress).RunAsync(stop)
        );
    }

    private async Task<byte[]> ListAsync(
        string repository,
        string revision,
        IProgress<string>? waiting,
        CancellationToken cancellationToken
    )
    {
        var retry = new HubRetry($"The files of '{repository}' cannot be listed", _options, _time);
        while (true)
        {
            try
            {
                using var response = await _client.GetAsync(
                    _client.ListingAddress(repository, revision),
                    repository,
                    from: 0,
                    etag: null,
                    cancellationToken
                );
                return await ReadListingAsync(response.Content, cancellationToken);
            }
            catch (TransientException failure)
            {
                await retry.WaitAsync(failure, problem => waiting?.Report(problem), cancellationToken);
            }
        }
    }

    private async Task<byte[]> ReadListingAsync(HttpContent content, CancellationToken cancellationToken)
    {
        using var stall = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        stall.CancelAfter(_options.StallTimeout);
        try
        {
            await content.LoadIntoBufferAsync(HubListing.MaxBytes, stall.Token);
            return await content.ReadAsByteArrayAsync(stall.Token);
        }
        catch (HttpRequestException error)
        {
            throw new TransientException($"the answer broke off: {error.Message}", error);
        }
        catch (OperationCanceledException error) when (!cancellationToken.IsCancellationRequested)
        {
            throw new TransientException("the answer does not end", error);
        }
    }

    /// <summary>Asks the disk before the download, not hours later. Existing files need no more space.</summary>
    private static void RequireSpace(string root, IEnumerable<(HubFile File, string Path)> transfers)
    {
        var needed = 0L;
        foreach (var (file, path) in transfers)
        {
            var present = new[] { path, path + ".part" }
                .Select(name => new FileInfo(name))
                .Where(found => found.Exists)
                .Sum(found => found.Length);
            needed += Math.Max(0, file.Size - present);
        }

        try
        {
            Directory.CreateDirectory(root);
            var free = new DriveInfo(root).AvailableFreeSpace;
            if (needed > free)
                throw new HubException($"The download needs {needed / 1e9:0.##} GB more, and {root} has {free / 1e9:0.##} GB free.");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new HubException($"{root} cannot be written: {error.Message}", error);
        }
    }
}
