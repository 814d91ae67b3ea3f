using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Rge.Tests.Shared.Oracle;

/// <summary>
/// An OpenAI-compatible endpoint on the loopback interface that writes a rationale for rows of <see cref="OracleData"/>, with faults put in
/// line for single rows.
/// </summary>
internal sealed partial class FakeOracle : IAsyncDisposable
{
    public const int InputTokens = 100,
        OutputTokens = 20;

    private readonly WebApplication _app;
    private readonly ConcurrentDictionary<int, ConcurrentQueue<Reply>> _faults = [];
    private readonly Lock _lock = new();
    private int _running;

    private FakeOracle(WebApplication app) => _app = app;

    /// <summary>Answers one request.</summary>
    public delegate Task Reply(HttpContext context, OracleRequest request);

    /// <summary>Requests in the order in which they came, each with the number of its row.</summary>
    public ConcurrentQueue<(int Row, OracleRequest Request)> Requests { get; } = [];

    /// <summary>Rows whose answers have been sent.</summary>
    public ConcurrentQueue<int> Answered { get; } = [];

    /// <summary>Answers what meets no fault.</summary>
    public Reply Answer { get; set; } = (context, request) => WriteAsync(context, Rationale(RowOf(request)));

    public int MostAtOnce { get; private set; }

    public Uri Address => new($"{_app.Urls.Single()}/v1");

    public static async Task<FakeOracle> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var oracle = new FakeOracle(builder.Build());
        oracle._app.Run(oracle.ServeAsync);
        await oracle._app.StartAsync();
        return oracle;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    /// <summary>What is written for a row.</summary>
    public static string Rationale(int row) =>
        $"The query names a thing and gives it number {row}. It asks for the item of that number. So it is item {row}.";

    /// <summary>How often a row was asked about.</summary>
    public int AskedAbout(int row) => Requests.Count(request => request.Row == row);

    /// <summary>The next requests about a row meet these, one each.</summary>
    public void Fail(int row, params ReadOnlySpan<Reply> faults)
    {
        foreach (var fault in faults)
            _faults.GetOrAdd(row, _ => []).Enqueue(fault);
    }

    public static Reply Status(int status, string body = "", string? retryAfter = null) =>
        (context, _) =>
        {
            context.Response.StatusCode = status;
            if (retryAfter is not null)
                context.Response.Headers.RetryAfter = retryAfter;
            return context.Response.WriteAsync(body);
        };

    public static Reply Body(string body) => (context, _) => context.Response.WriteAsync(body);

    public static Reply Finish(string reason, string? text, string? refusal = null) =>
        (context, _) => WriteAsync(context, text, reason, refusal);

    public static Task HangUp(HttpContext context, OracleRequest request)
    {
        context.Abort();
        return Task.CompletedTask;
    }

    /// <summary>Answers nothing until the client has gone.</summary>
    public static Task Silence(HttpContext context, OracleRequest request) =>
        Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);

    public static Task WriteAsync(HttpContext context, string? text, string finish = "stop", string? refusal = null) =>
        context.Response.WriteAsync(
            new JsonObject
            {
                ["id"] = "chatcmpl-1",
                ["object"] = "chat.completion",
                ["created"] = 1_700_000_000,
                ["model"] = "fake",
                ["choices"] = new JsonArray(
                    new JsonObject
                    {
                        ["index"] = 0,
                        ["finish_reason"] = finish,
                        ["message"] = new JsonObject
                        {
                            ["role"] = "assistant",
                            ["content"] = text,
                            ["refusal"] = refusal,
                        },
                    }
                ),
                ["usage"] = new JsonObject
                {
                    ["prompt_tokens"] = InputTokens,
                    ["completion_tokens"] = OutputTokens,
                    ["total_tokens"] = InputTokens + OutputTokens,
                },
            }.ToJsonString()
        );

    public static int RowOf(OracleRequest request) =>
        QueryNumber.Match(request.Text) is { Success: true } match
            ? int.Parse(match.Groups["number"].ValueSpan, CultureInfo.InvariantCulture)
            : 0;

    private async Task ServeAsync(HttpContext context)
    {
        if (context.Request.Path != "/v1/chat/completions")
        {
            await Status(404)(context, null!);
            return;
        }
        var request = new OracleRequest(
            (await JsonNode.ParseAsync(context.Request.Body))!,
            context.Request.Headers.Authorization.ToString()
        );
        var row = RowOf(request);
        Requests.Enqueue((row, request));
        lock (_lock)
            MostAtOnce = Math.Max(MostAtOnce, ++_running);
        try
        {
            context.Response.ContentType = "application/json";
            await (_faults.TryGetValue(row, out var faults) && faults.TryDequeue(out var fault) ? fault : Answer)(context, request);
            Answered.Enqueue(row);
        }
        finally
        {
            lock (_lock)
                _running--;
        }
    }

    [GeneratedRegex("query number (?<number>[0-9]+)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex QueryNumber { get; }
}
