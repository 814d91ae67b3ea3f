using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Rge.Tests.Shared.Hub;

/// <summary>A hub on the loopback interface that serves one repository, with faults put in line for single requests.</summary>
internal sealed class FakeHub : IAsyncDisposable
{
    public const string Repository = "owner/tiny-vl";
    public const string Commit = "0123456789abcdef0123456789abcdef01234567";

    private readonly WebApplication _app;
    private readonly ConcurrentDictionary<string, ConcurrentQueue<Fault>> _faults = new(StringComparer.Ordinal);
    private int _running;

    private FakeHub(WebApplication app) => _app = app;

    /// <summary>Answers one request in place of the ordinary answer.</summary>
    public delegate Task Fault(HttpContext context, FakeFile file);

    public Dictionary<string, FakeFile> Files { get; } = new(StringComparer.Ordinal);

    public ConcurrentQueue<FakeRequest> Requests { get; } = [];

    /// <summary>Requests for files, in the order in which they came.</summary>
    public IEnumerable<FakeRequest> Downloads => Requests.Where(request => request.Path.Contains("/resolve/", StringComparison.Ordinal));

    public Uri Address => new(_app.Urls.Single());

    /// <summary>Answers listings in place of the real one.</summary>
    public Func<HttpContext, Task>? Listing { get; set; }

    /// <summary>The folder that the client downloads into.</summary>
    public DirectoryInfo? Client { get; set; }

    public int MostAtOnce { get; private set; }

    public static async Task<FakeHub> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var hub = new FakeHub(builder.Build());
        hub._app.Run(hub.AnswerAsync);
        await hub._app.StartAsync();
        return hub;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    /// <summary>Adds a small file, known by its git identity.</summary>
    public void Add(string name, string content) => Files[name] = new FakeFile(Encoding.UTF8.GetBytes(content), IsLarge: false, "\"v1\"");

    /// <summary>Adds a large file, known by its SHA-256, of bytes that depend on the seed.</summary>
    public byte[] AddLarge(string name, int size, int seed = 1, string etag = "\"v1\"")
    {
        var content = new byte[size];
        new Random(seed).NextBytes(content);
        Files[name] = new FakeFile(content, IsLarge: true, etag);
        return content;
    }

    /// <summary>The next requests for the file meet these faults, one each.</summary>
    public void Fail(string name, params ReadOnlySpan<Fault> faults)
    {
        foreach (var fault in faults)
            _faults.GetOrAdd(name, _ => []).Enqueue(fault);
    }

    /// <summary>Cuts the connection once the client has written so many bytes more: what is under way when it is cut gets lost.</summary>
    public Fault DropAfter(int bytes) =>
        async (context, file) =>
        {
            var from = From(context) ?? 0;
            Start(context, file, from, file.Content.Length - from);
            await context.Response.Body.WriteAsync(file.Content.AsMemory(from, bytes));
            await context.Response.Body.FlushAsync();
            var part = new FileInfo(Path.Combine(Client!.FullName, Path.GetFileName(context.Request.Path.Value!) + ".part"));
            while (!part.Exists || part.Length < from + bytes)
            {
                await Task.Delay(1, context.RequestAborted);
                part.Refresh();
            }

            context.Abort();
        };

    public static Fault Status(int status, string? retryAfter = null) =>
        (context, _) =>
        {
            context.Response.StatusCode = status;
            if (retryAfter is not null)
                context.Response.Headers.RetryAfter = retryAfter;
            return Task.CompletedTask;
        };

    public static Fault Redirect(Func<HttpContext, string> target) =>
        (context, _) =>
        {
            context.Response.StatusCode = StatusCodes.Status302Found;
            context.Response.Headers.Location = target(context);
            return Task.CompletedTask;
        };

    public static async Task WrongBytes(HttpContext context, FakeFile file)
    {
        Start(context, file, from: 0, file.Content.Length);
        await context.Response.Body.WriteAsync(file.Content.Select(b => (byte)~b).ToArray());
    }

    public static async Task WithoutRanges(HttpContext context, FakeFile file)
    {
        Start(context, file, from: 0, file.Content.Length);
        await context.Response.Body.WriteAsync(file.Content);
    }

    /// <summary>Continues whatever version the client has, against the standard.</summary>
    public static Task WithoutVersions(HttpContext context, FakeFile file)
    {
        context.Request.Headers.IfRange = default;
        return ServeAsync(context, file);
    }

    /// <summary>Sends a byte too many, without saying beforehand how many there are.</summary>
    public static async Task Surplus(HttpContext context, FakeFile file)
    {
        context.Response.Headers.ETag = file.ETag;
        await context.Response.Body.WriteAsync(file.Content);
        await context.Response.Body.WriteAsync(new byte[1]);
    }

    /// <summary>Sends so many bytes and then nothing, until the client has gone.</summary>
    public static Fault StallAfter(int bytes) =>
        async (context, file) =>
        {
            Start(context, file, from: 0, file.Content.Length);
            await context.Response.Body.WriteAsync(file.Content.AsMemory(0, bytes));
            await context.Response.Body.FlushAsync();
            await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
        };

    private async Task AnswerAsync(HttpContext context)
    {
        Requests.Enqueue(
            new FakeRequest(
                context.Request.Path,
                context.Request.Headers.Range.ToString(),
                context.Request.Headers.IfRange.ToString(),
                context.Request.Headers.Authorization.ToString()
            )
        );
        MostAtOnce = Math.Max(MostAtOnce, Interlocked.Increment(ref _running));
        try
        {
            var path = context.Request.Path.Value!;
            if (path == $"/api/models/{Repository}/revision/main")
                await (Listing?.Invoke(context) ?? context.Response.WriteAsync(List()));
            else if (path.Split($"/{Repository}/resolve/{Commit}/") is [_, var name] && Files.TryGetValue(name, out var file))
                await ServeOrFailAsync(context, name, file);
            else
                context.Response.StatusCode = StatusCodes.Status404NotFound;
        }
        finally
        {
            Interlocked.Decrement(ref _running);
        }
    }

    private Task ServeOrFailAsync(HttpContext context, string name, FakeFile file) =>
        _faults.TryGetValue(name, out var faults) && faults.TryDequeue(out var fault) ? fault(context, file) : ServeAsync(context, file);

    private static async Task ServeAsync(HttpContext context, FakeFile file)
    {
        var condition = context.Request.Headers.IfRange.ToString();
        var from = condition.Length == 0 || condition == file.ETag ? From(context) ?? 0 : 0;
        Start(context, file, from, file.Content.Length - from);
        await context.Response.Body.WriteAsync(file.Content.AsMemory(from));
    }

    private static int? From(HttpContext context) =>
        context.Request.GetTypedHeaders().Range is { } range ? (int)range.Ranges.Single().From!.Value : null;

    private static void Start(HttpContext context, FakeFile file, int from, int length)
    {
        context.Response.Headers.ETag = file.ETag;
        context.Response.ContentLength = length;
        if (from == 0)
            return;

        context.Response.StatusCode = StatusCodes.Status206PartialContent;
        context.Response.Headers.ContentRange = string.Create(
            CultureInfo.InvariantCulture,
            $"bytes {from}-{from + length - 1}/{file.Content.Length}"
        );
    }

    private string List() =>
        System.Text.Json.JsonSerializer.Serialize(
            new
            {
                id = Repository,
                sha = Commit,
                siblings = Files.Select(pair =>
                    pair.Value.IsLarge
                        ? (object)
                            new
                            {
                                rfilename = pair.Key,
                                size = pair.Value.Content.Length,
                                blobId = new string('a', 40),
                                lfs = new { sha256 = Sha256(pair.Value.Content), size = pair.Value.Content.Length },
                            }
                        : new
                        {
                            rfilename = pair.Key,
                            size = pair.Value.Content.Length,
                            blobId = GitIdentity(pair.Value.Content),
                        }
                ),
            }
        );

    private static string Sha256(byte[] content) => Convert.ToHexStringLower(SHA256.HashData(content));

    private static string GitIdentity(byte[] content) =>
        Convert.ToHexStringLower(
            CryptographicOperations.HashData(HashAlgorithmName.SHA1, [.. Encoding.ASCII.GetBytes($"blob {content.Length}\0"), .. content])
        );
}
