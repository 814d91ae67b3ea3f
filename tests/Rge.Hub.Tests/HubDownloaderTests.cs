using Rge.Tests.Shared.Hub;

namespace Rge.Hub.Tests;

public sealed class HubDownloaderTests : IAsyncLifetime
{
    private const string Weights = "model.safetensors";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("rge-hub-");
    private readonly HttpClient _http = HubDownloader.CreateHttpClient();
    private readonly SkippedTime _time = new();
    private FakeHub _hub = null!;

    public async ValueTask InitializeAsync()
    {
        _hub = await FakeHub.StartAsync();
        _hub.Client = _folder;
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _hub.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    [Fact]
    public async Task Checkpoint_files_arrive_whole_and_others_stay_away()
    {
        var weights = _hub.AddLarge(Weights, 3_000_000);
        string[] small = ["config.json", "tokenizer.json", "merges.txt", "chat_template.jinja", "empty.json"];
        foreach (var name in small)
            _hub.Add(name, name == "empty.json" ? "" : $"content of {name}");
        string[] others = ["README.md", "pytorch_model.bin", "onnx/config.json", "notes.txt"];
        foreach (var name in others)
            _hub.Add(name, name);

        var snapshot = await PullAsync();

        Assert.Equal(FakeHub.Commit, snapshot.Commit);
        var expected = small.Append(Weights).Order(StringComparer.Ordinal);
        Assert.Equal(expected, snapshot.Files.Select(file => file.Name).Order(StringComparer.Ordinal));
        Assert.Equal(expected, FilesHere());
        Assert.Equal(weights, await ReadAsync(Weights));
        Assert.Equal("content of merges.txt", await File.ReadAllTextAsync(PathOf("merges.txt")));
    }

    [Theory]
    [InlineData("*.txt", new[] { "notes.txt" })]
    [InlineData("onnx/*", new[] { "onnx/config.json" })]
    [InlineData("*config.json", new[] { "config.json", "onnx/config.json" })]
    public async Task Patterns_take_the_place_of_the_usual_choice(string pattern, string[] expected)
    {
        foreach (var name in new[] { "config.json", "onnx/config.json", "notes.txt" })
            _hub.Add(name, name);

        await PullAsync(include: pattern);

        Assert.Equal(expected, FilesHere());
    }

    [Fact]
    public async Task Broken_connection_is_continued_where_it_broke()
    {
        var weights = _hub.AddLarge(Weights, 100_000);
        _hub.Fail(Weights, _hub.DropAfter(30_000), _hub.DropAfter(20_000));

        await PullAsync();

        Assert.Equal(weights, await ReadAsync(Weights));
        Assert.Equal(["", "bytes=30000-", "bytes=50000-"], _hub.Downloads.Select(request => request.Range));
        Assert.Equal(["", "\"v1\"", "\"v1\""], _hub.Downloads.Select(request => request.IfRange));
        Assert.Equal([Weights], FilesHere());
    }

    [Fact]
    public async Task Stopped_download_is_continued_by_the_next()
    {
        var weights = _hub.AddLarge(Weights, 5_000_000);
        using var stop = new CancellationTokenSource();
        var first = new SynchronousProgress(news =>
        {
            if (news.Bytes > 1_000_000)
                stop.Cancel();
        });
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => PullAsync(progress: first, cancellationToken: stop.Token));
        var kept = new FileInfo(PathOf(Weights + ".part")).Length;
        Assert.InRange(kept, 1_000_000, 4_999_999);

        await PullAsync();

        Assert.Equal(weights, await ReadAsync(Weights));
        Assert.Equal($"bytes={kept}-", _hub.Downloads.Last().Range);
    }

    [Fact]
    public async Task Part_without_a_known_version_is_continued_and_verified()
    {
        var weights = _hub.AddLarge(Weights, 10_000);
        await File.WriteAllBytesAsync(PathOf(Weights + ".part"), weights[..4000]);

        await PullAsync();

        Assert.Equal(weights, await ReadAsync(Weights));
        Assert.Equal("bytes=4000-", Assert.Single(_hub.Downloads).Range);
    }

    [Fact]
    public async Task Part_longer_than_the_file_is_started_again()
    {
        var weights = _hub.AddLarge(Weights, 10_000);
        await File.WriteAllBytesAsync(PathOf(Weights + ".part"), new byte[10_001]);

        await PullAsync();

        Assert.Equal(weights, await ReadAsync(Weights));
    }

    [Fact]
    public async Task Server_without_ranges_is_started_again()
    {
        var weights = _hub.AddLarge(Weights, 100_000);
        _hub.Fail(Weights, _hub.DropAfter(30_000), FakeHub.WithoutRanges);

        await PullAsync();

        Assert.Equal(weights, await ReadAsync(Weights));
        Assert.Equal(2, _hub.Downloads.Count());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Changed_version_is_started_again(bool serverChecksVersions)
    {
        _hub.AddLarge(Weights, 100_000, seed: 1, etag: "\"old\"");
        _hub.Fail(Weights, [.. Enumerable.Repeat(_hub.DropAfter(1000), 2), .. Enumerable.Repeat(FakeHub.Status(503), 5)]);
        await Assert.ThrowsAsync<HubException>(() => PullAsync());
        Assert.Equal(2000, new FileInfo(PathOf(Weights + ".part")).Length);
        var weights = _hub.AddLarge(Weights, 100_000, seed: 2, etag: "\"new\"");
        if (!serverChecksVersions)
            _hub.Fail(Weights, FakeHub.WithoutVersions);
        _hub.Requests.Clear();

        await PullAsync();

        Assert.Equal(weights, await ReadAsync(Weights));
        Assert.Equal("\"old\"", _hub.Downloads.First().IfRange);
        Assert.Equal(serverChecksVersions ? 1 : 2, _hub.Downloads.Count());
    }

    [Fact]
    public async Task Wrong_bytes_are_fetched_once_more()
    {
        var weights = _hub.AddLarge(Weights, 10_000);
        _hub.Fail(Weights, FakeHub.WrongBytes);

        await PullAsync();

        Assert.Equal(weights, await ReadAsync(Weights));
    }

    [Theory]
    [InlineData(Weights)]
    [InlineData("config.json")]
    public async Task Lasting_wrong_bytes_are_refused_and_removed(string wrong)
    {
        _hub.AddLarge(Weights, 10_000);
        _hub.Add("config.json", "{}");
        _hub.Fail(wrong, FakeHub.WrongBytes, FakeHub.WrongBytes);

        var error = await Assert.ThrowsAsync<HubException>(() => PullAsync());

        Assert.StartsWith(
            $"{wrong} of 'owner/tiny-vl' was received twice with a wrong checksum, expected ",
            error.Message,
            StringComparison.Ordinal
        );
        Assert.DoesNotContain(FilesHere(), name => name.StartsWith(wrong, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Surplus_bytes_are_not_written()
    {
        var weights = _hub.AddLarge(Weights, 10_000);
        _hub.Fail(Weights, FakeHub.Surplus);

        await PullAsync();

        Assert.Equal(weights, await ReadAsync(Weights));
    }

    [Fact]
    public async Task Pause_is_as_long_as_the_server_asks()
    {
        _hub.AddLarge(Weights, 10_000);
        _hub.Fail(Weights, FakeHub.Status(429, "7"), FakeHub.Status(503), FakeHub.Status(500));

        await PullAsync();

        var waits = _time.Waits.Select(wait => wait.TotalSeconds).ToArray();
        Assert.Equal(3, waits.Length);
        Assert.Equal(7, waits[0]);
        Assert.InRange(waits[1], 2, 2.5);
        Assert.InRange(waits[2], 4, 5);
    }

    [Fact]
    public async Task Too_long_a_pause_ends_the_download()
    {
        _hub.AddLarge(Weights, 10_000);
        _hub.Fail(Weights, FakeHub.Status(429, "3600"));

        var error = await Assert.ThrowsAsync<HubException>(() => PullAsync());

        Assert.Equal(
            "model.safetensors: 127.0.0.1 answers HTTP 429; the server asks to come back in 01:00:00. The same command continues where "
                + "it stopped.",
            error.Message
        );
    }

    [Fact]
    public async Task Download_without_progress_is_given_up_and_kept()
    {
        _hub.AddLarge(Weights, 10_000);
        _hub.Fail(Weights, [_hub.DropAfter(100), .. Enumerable.Repeat(_hub.DropAfter(0), 6)]);

        var error = await Assert.ThrowsAsync<HubException>(() => PullAsync());

        Assert.Contains("given up after 6 attempts", error.Message, StringComparison.Ordinal);
        Assert.Equal(100, new FileInfo(PathOf(Weights + ".part")).Length);
    }

    [Fact]
    public async Task Stalled_connection_is_given_up_and_continued()
    {
        var weights = _hub.AddLarge(Weights, 10_000);
        _hub.Fail(Weights, FakeHub.StallAfter(1));

        await PullAsync(options: new HubOptions { Endpoint = _hub.Address, StallTimeout = TimeSpan.FromSeconds(0.3) });

        Assert.Equal(weights, await ReadAsync(Weights));
    }

    [Fact]
    public async Task Finished_files_are_not_fetched_again_and_damaged_ones_are()
    {
        var weights = _hub.AddLarge(Weights, 10_000);
        _hub.Add("config.json", "{}");
        await PullAsync();
        _hub.Requests.Clear();

        await PullAsync();
        Assert.Empty(_hub.Downloads);

        await File.WriteAllBytesAsync(PathOf(Weights), new byte[10_000]);
        await PullAsync();
        Assert.Equal(weights, await ReadAsync(Weights));
        Assert.Single(_hub.Downloads);
    }

    [Fact]
    public async Task No_more_files_at_once_than_asked_for()
    {
        _hub.AddLarge(Weights, 1000);
        for (var i = 0; i < 9; i++)
            _hub.Add($"{i}.json", $"{i}");

        await PullAsync(options: new HubOptions { Endpoint = _hub.Address, ParallelFiles = 2 });

        Assert.Equal(10, FilesHere().Count());
        Assert.InRange(_hub.MostAtOnce, 1, 2);
    }

    [Fact]
    public async Task Folder_in_use_by_another_download_is_refused()
    {
        _hub.AddLarge(Weights, 10_000);
        await using var other = new FileStream(PathOf(Weights + ".part"), FileMode.Create, FileAccess.ReadWrite, FileShare.None);

        var error = await Assert.ThrowsAsync<HubException>(() => PullAsync());

        Assert.Contains("cannot be written", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Download_larger_than_the_disk_is_refused_before_it_starts()
    {
        _hub.Listing = Answer(
            $$"""{ "sha": "{{FakeHub.Commit}}", "siblings": [{ "rfilename": "model.safetensors", "size": 4000000000000 }] }"""
        );

        var error = await Assert.ThrowsAsync<HubException>(() => PullAsync());

        Assert.StartsWith($"The download needs 4000 GB more, and {_folder.FullName} has ", error.Message, StringComparison.Ordinal);
        Assert.Empty(_hub.Downloads);
    }

    [Fact]
    public async Task Full_disk_is_reported()
    {
        Assert.SkipUnless(File.Exists("/dev/full"), "there is no device that is always full");
        _hub.AddLarge(Weights, 10_000);
        File.CreateSymbolicLink(PathOf(Weights + ".part"), "/dev/full");

        var error = await Assert.ThrowsAsync<HubException>(() => PullAsync());

        Assert.StartsWith($"{PathOf(Weights)} cannot be written: No space left on device", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Progress_ends_with_every_file_done()
    {
        _hub.AddLarge(Weights, 1_000_000);
        _hub.Add("config.json", "{}");
        var news = new List<HubProgress>();
        var progress = new SynchronousProgress(item =>
        {
            lock (news)
                news.Add(item);
        });

        var snapshot = await PullAsync(progress: progress);

        Assert.Equal(
            snapshot.Files,
            news.Where(item => item.State == HubFileState.Done).Select(item => item.File).OrderBy(file => file.Size)
        );
        var bytes = news.Where(item => item.File.Name == Weights).Select(item => item.Bytes).ToArray();
        Assert.Equal(bytes.Order(), bytes);
        Assert.Equal(1_000_000, bytes[^1]);
        Assert.Equal(1_000_002, snapshot.Size);
    }

    private static Func<Microsoft.AspNetCore.Http.HttpContext, Task> Answer(string json) =>
        async context => await context.Response.Body.WriteAsync(System.Text.Encoding.UTF8.GetBytes(json));

    private async Task<HubSnapshot> PullAsync(
        string? include = null,
        HubOptions? options = null,
        IProgress<HubProgress>? progress = null,
        CancellationToken cancellationToken = default
    )
    {
        var downloader = new HubDownloader(_http, options ?? new HubOptions { Endpoint = _hub.Address }, _time);
        var snapshot = await downloader.FindAsync(
            FakeHub.Repository,
            include: include is null ? null : [include],
            cancellationToken: cancellationToken
        );
        await downloader.DownloadAsync(snapshot, _folder.FullName, progress, cancellationToken);
        return snapshot;
    }

    private string PathOf(string name) => Path.Combine(_folder.FullName, name);

    private Task<byte[]> ReadAsync(string name) => File.ReadAllBytesAsync(PathOf(name));

    private IEnumerable<string> FilesHere() =>
        _folder
            .EnumerateFiles("*", SearchOption.AllDirectories)
            .Select(file => Path.GetRelativePath(_folder.FullName, file.FullName))
            .Order(StringComparer.Ordinal);

    private sealed class SynchronousProgress(Action<HubProgress> act) : IProgress<HubProgress>
    {
        public void Report(HubProgress value) => act(value);
    }
}
