using System.Collections.Concurrent;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Rge.Server.Requests;
using Rge.Server.Serving;
using Rge.Tests.Shared;

namespace Rge.Server.Tests;

/// <summary>A real server on a free port, with the small model that comes with the repository.</summary>
public sealed class TestServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly LogRecorder _log;

    private TestServer(WebApplication app, LogRecorder log)
    {
        (_app, _log) = (app, log);
        Client = new HttpClient { BaseAddress = Address, Timeout = TimeSpan.FromMinutes(3) };
    }

    /// <summary>The folder of the model.</summary>
    public static string Model { get; } = Path.Combine(Golden.RepositoryRoot, "models", "shapeworld");

    public Uri Address => new(_app.Urls.Single());

    public HttpClient Client { get; }

    /// <summary>What was logged as an error: every answer of 500 is.</summary>
    public IEnumerable<string> Errors => _log.Errors;

    /// <summary>The server's services.</summary>
    public IServiceProvider Services => _app.Services;

    internal bool HasFailed => _app.Services.GetRequiredService<ModelHost>().HasFailed;

    internal AdmissionLimiter Admission => _app.Services.GetRequiredService<AdmissionLimiter>();

    internal BodyMemory Memory => _app.Services.GetRequiredService<BodyMemory>();

    internal ReasoningEmbedder Embedder => _app.Services.GetRequiredService<ModelHost>().Model.Embedder;

    /// <summary>Starts a server and waits until it is ready.</summary>
    public static async Task<TestServer> StartAsync(
        ServerOptions? options = null,
        Func<ReasoningEmbedderOptions, ReasoningEmbedder>? load = null,
        Action<IServiceCollection>? replace = null,
        Func<RerankerOptions, Reranker>? loadReranker = null
    )
    {
        var server = await StartUnreadyAsync(options, load, replace, loadReranker);
        await UntilAsync(async () => (await server.Client.GetAsync("/health/ready")).IsSuccessStatusCode);
        return server;
    }

    /// <summary>Starts a server.</summary>
    public static async Task<TestServer> StartUnreadyAsync(
        ServerOptions? options = null,
        Func<ReasoningEmbedderOptions, ReasoningEmbedder>? load = null,
        Action<IServiceCollection>? replace = null,
        Func<RerankerOptions, Reranker>? loadReranker = null
    )
    {
        var log = new LogRecorder();
        var app = RgeServer.Build(
            (options ?? new ServerOptions()) with
            {
                Urls = ["http://127.0.0.1:0"],
            },
            load ?? (basis => ReasoningEmbedder.Load(Model, basis)),
            services =>
            {
                services.AddLogging(logging => logging.ClearProviders().AddProvider(log));
                replace?.Invoke(services);
            },
            loadReranker
        );
        await app.StartAsync();
        return new TestServer(app, log);
    }

    /// <summary>Waits until something holds; fails after a minute.</summary>
    public static async Task UntilAsync(Func<Task<bool>> holds)
    {
        for (var tries = 0; !await holds(); tries++)
        {
            Assert.True(tries < 6000, "what was waited for did not come");
            await Task.Delay(10);
        }
    }

    /// <summary>Waits until so many items hold a place in the queue.</summary>
    public Task UntilQueuedAsync(int items) => UntilAsync(() => Task.FromResult(Admission.Items == items));

    /// <summary>Sends JSON.</summary>
    public Task<HttpResponseMessage> SendAsync(string path, string json, CancellationToken cancellationToken = default) =>
        Client.PostAsync(path, new StringContent(json, Encoding.UTF8, "application/json"), cancellationToken);

    /// <summary>Sends JSON that should be answered.</summary>
    public async Task<JsonNode> PostAsync(string path, string json, CancellationToken cancellationToken = default)
    {
        using var response = await SendAsync(path, json, cancellationToken);
        var text = await response.Content.ReadAsStringAsync(cancellationToken);
        Assert.True(response.StatusCode == HttpStatusCode.OK, $"{(int)response.StatusCode}: {text}");
        return JsonNode.Parse(text)!;
    }

    /// <summary>Sends JSON that should be refused, and returns the error.</summary>
    public async Task<ErrorSeen> ErrorAsync(string path, string json, int expectedStatus)
    {
        using var response = await SendAsync(path, json);
        var error = await ErrorSeen.ReadAsync(response);
        Assert.True(error.Status == expectedStatus, $"{error.Status}, expected {expectedStatus}: {error.Message}");
        return error;
    }

    /// <summary>Stops the server as SIGTERM does; what it took is finished first.</summary>
    public Task StopAsync() => _app.StopAsync();

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _app.DisposeAsync();
    }

    private sealed class LogRecorder : ILoggerProvider, ILogger
    {
        public ConcurrentQueue<string> Errors { get; } = [];

        public ILogger CreateLogger(string categoryName) => this;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Error;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public void Log<TState>(
            LogLevel logLevel,
            EventId eventId,
            TState state,
            Exception? exception,
            Func<TState, Exception?, string> formatter
        )
        {
            if (IsEnabled(logLevel))
                Errors.Enqueue($"{formatter(state, exception)} {exception}");
        }

        public void Dispose() { }
    }
}
