using System.Collections;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using Rge.Server.Answers;
using Rge.Server.Hosting;
using Rge.Server.Serving;

namespace Rge.Server;

/// <summary>The HTTP server.</summary>
public static class RgeServer
{
    /// <summary>Where OpenTelemetry's standard variable sends traces and metrics; they are kept here without it.</summary>
    private const string CollectorVariable = "OTEL_EXPORTER_OTLP_ENDPOINT";

    /// <summary>Serves a model until it is stopped by SIGTERM, Ctrl-C or the token; what was taken until then is finished.</summary>
    /// <param name="options">The settings.</param>
    /// <param name="load">Loads the model, with the limits of the options it is given. Called once, while the server already
    /// answers.</param>
    /// <param name="started">Receives the addresses that the server listens on.</param>
    /// <param name="loadReranker">Loads a reranker, for <c>/v1/rerank</c>, which is not there without one.</param>
    /// <param name="cancellationToken">Stops the server.</param>
    /// <exception cref="ServerException">A setting makes no sense, or the file of API keys cannot be read.</exception>
    /// <exception cref="IOException">An address cannot be listened on.</exception>
    public static async Task RunAsync(
        ServerOptions options,
        Func<ReasoningEmbedderOptions, ReasoningEmbedder> load,
        Action<IEnumerable<string>>? started = null,
        Func<RerankerOptions, Reranker>? loadReranker = null,
        CancellationToken cancellationToken = default
    )
    {
        await using var app = Build(options, load, loadReranker: loadReranker);
        try
        {
            await app.StartAsync(cancellationToken);
            started?.Invoke(app.Urls);
            await app.WaitForShutdownAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            // Stopped before it had started.
        }
        app.Services.GetRequiredService<ModelHost>().ThrowIfFailed();
    }

    /// <summary>Makes a server that is not started yet.</summary>
    /// <param name="options">The settings.</param>
    /// <param name="load">Loads the model.</param>
    /// <param name="replace">Replaces services.</param>
    /// <param name="loadReranker">Loads the reranker; null for none.</param>
    internal static WebApplication Build(
        ServerOptions options,
        Func<ReasoningEmbedderOptions, ReasoningEmbedder> load,
        Action<IServiceCollection>? replace = null,
        Func<RerankerOptions, Reranker>? loadReranker = null
    )
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(load);
        options.Validate();

        // Empty: nothing is read from files or variables that happen to be there, but for OpenTelemetry's own.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Configuration.AddInMemoryCollection(
            Environment
                .GetEnvironmentVariables()
                .Cast<DictionaryEntry>()
                .Select(pair => KeyValuePair.Create((string)pair.Key, (string?)pair.Value))
                .Where(pair => pair.Key.StartsWith("OTEL_", StringComparison.Ordinal))
        );
        builder
            .WebHost.UseKestrelCore()
            .UseUrls([.. options.Urls])
            .ConfigureKestrel(kestrel =>
            {
                kestrel.AddServerHeader = false;
                kestrel.Limits.MaxConcurrentConnections = options.Limits.MaxConnections;
            });
        // What keeps the host from starting is thrown to the caller.
        builder
            .Logging.AddFilter("Microsoft", LogLevel.Warning)
            .AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.Critical)
            .Configure(logging => logging.ActivityTrackingOptions = ActivityTrackingOptions.TraceId | ActivityTrackingOptions.SpanId)
            .AddJsonConsole(console =>
            {
                (console.IncludeScopes, console.UseUtcTimestamp, console.TimestampFormat) = (true, true, "O");
                console.JsonWriterOptions = new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
            });
        builder.Services.AddRge(options, _ => new ModelSource(load, IsOwned: true, EndsProgram: true) { LoadReranker = loadReranker });
        builder.Services.Configure<HostOptions>(host =>
            host.ShutdownTimeout = TimeSpan.FromSeconds(options.DrainSeconds + options.ShutdownSeconds)
        );
        AddReference(builder.Services);
        AddTelemetry(builder.Services, builder.Configuration);
        replace?.Invoke(builder.Services);

        var app = builder.Build();
        var keys = app.Services.GetRequiredService<ApiKeyRing>();
        app.Logger.LogInformation("Settings: {Settings}", options.ToJson());
        if (keys.IsEmpty)
            app.Logger.LogWarning("There are no API keys: every client that reaches {Urls} is served.", string.Join(", ", options.Urls));

        app.UseMiddleware<RequestLog>();
        // Around everything, for what comes to no endpoint, too.
        var errors = app.Services.GetRequiredService<ErrorResponses>();
        app.Use(next => context => errors.InvokeAsync(context, next));
        app.UseRouting();
        if (keys.IsEmpty)
            app.UseMiddleware<BrowserGuard>();
        app.Use(next =>
            context =>
            {
                keys.Require(context);
                return next(context);
            }
        );
        app.MapRge();
        app.MapRgePage();
        app.MapMetrics();
        app.MapReference();
        return app;
    }

    /// <summary>The document of the API, and JSON options by which it describes what answers look like.</summary>
    private static void AddReference(IServiceCollection services)
    {
        services.ConfigureHttpJsonOptions(json => AnswerJson.Configure(json.SerializerOptions));
        services.AddOpenApi(document =>
        {
            document.ShouldInclude = endpoint => !string.Equals(endpoint.HttpMethod, HttpMethods.Head, StringComparison.Ordinal);
            document.AddDocumentTransformer<ReferenceDocument>();
        });
    }

    private static void AddTelemetry(IServiceCollection services, IConfiguration configuration)
    {
        services.AddSingleton<PrometheusExporter>();
        var telemetry = services
            .AddOpenTelemetry()
            .ConfigureResource(resource => resource.AddService("rge"))
            .WithMetrics(metrics =>
                metrics
                    .AddMeter(Telemetry.Name, "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel", "System.Runtime")
                    .AddReader(provider => new BaseExportingMetricReader(provider.GetRequiredService<PrometheusExporter>()))
            )
            .WithTracing(tracing => tracing.AddSource(Telemetry.Name, "Microsoft.AspNetCore"));
        if (configuration[CollectorVariable] is { Length: > 0 })
            telemetry.UseOtlpExporter();
    }
}
