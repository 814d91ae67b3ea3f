using System.Collections;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using Rge.Server.Answers;
using Rge.Server.Collections;
using Rge.Server.Endpoints;
using Rge.Server.Images;
using Rge.Server.Reference;
using Rge.Server.Requests;
using Rge.Server.Serving;

namespace Rge.Server;

/// <summary>The HTTP server.</summary>
public static class RgeServer
{
    /// <summary>Where OpenTelemetry's standard variable sends traces and metrics; they are kept here without it.</summary>
    private const string CollectorVariable = "OTEL_EXPORTER_OTLP_ENDPOINT";

    /// <summary>Serves a model until it is stopped by SIGTERM, Ctrl-C or the token; what was taken until then is finished.</summary>
    /// <param name="options">The settings.</param>
    /// <param name="load">Loads the model, with the limits of the options it is given. Called once, while the server already answers.</param>
    /// <param name="started">Told the addresses that are listened on.</param>
    /// <param name="cancellationToken">Stops the server.</param>
    /// <exception cref="ServerException">A setting makes no sense, or the file of API keys cannot be read.</exception>
    /// <exception cref="IOException">An address cannot be listened on.</exception>
    public static async Task RunAsync(
        ServerOptions options, Func<ReasoningEmbedderOptions, ReasoningEmbedder> load, Action<IEnumerable<string>>? started = null, CancellationToken cancellationToken = default)
    {
        await using var app = Build(options, load);
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
    internal static WebApplication Build(ServerOptions options, Func<ReasoningEmbedderOptions, ReasoningEmbedder> load, Action<IServiceCollection>? replace = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(load);
        options.Validate();
        var keys = ApiKeys.Load(options);

        // Empty: nothing is read from files or variables that happen to be there, but for OpenTelemetry's own.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Configuration.AddInMemoryCollection(
            Environment.GetEnvironmentVariables().Cast<DictionaryEntry>().Select(pair => KeyValuePair.Create((string)pair.Key, (string?)pair.Value))
                .Where(pair => pair.Key.StartsWith("OTEL_", StringComparison.Ordinal)));
        builder.WebHost.UseKestrelCore().UseUrls([.. options.Urls]).ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = options.Limits.MaxBodyBytes;
            kestrel.Limits.MaxConcurrentConnections = options.Limits.MaxConnections;
        });
        // What keeps the host from starting is thrown to whoever starts it.
        builder.Logging.AddFilter("Microsoft", LogLevel.Warning).AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.Critical).Configure(logging => logging.ActivityTrackingOptions = ActivityTrackingOptions.TraceId | ActivityTrackingOptions.SpanId)
            .AddJsonConsole(console => (console.IncludeScopes, console.UseUtcTimestamp, console.TimestampFormat) = (true, true, "O"));
        AddServices(builder.Services, options, load);
        AddTelemetry(builder.Services, builder.Configuration);
        replace?.Invoke(builder.Services);

        var app = builder.Build();
        app.Logger.LogInformation("Settings: {Settings}", options.ToJson());
        if (keys.Count == 0) app.Logger.LogWarning("There are no API keys: whoever reaches {Urls} may ask.", string.Join(", ", options.Urls));
        // Made now, so that its metrics are there before the first request.
        app.Services.GetRequiredService<Telemetry>();
        // And this, so that a store that cannot be understood is told before anything is served.
        app.Services.GetRequiredService<CollectionHost>();

        app.UseMiddleware<RequestLog>();
        app.UseMiddleware<ErrorResponses>();
        app.UseRouting();
        if (keys.Count == 0) app.UseMiddleware<BrowserGuard>();
        app.UseMiddleware<ApiKeys>(keys);
        app.MapEmbeddings();
        app.MapRationales();
        app.MapCollections();
        app.MapModels();
        app.MapHealth();
        app.MapReference();
        app.MapPage();
        return app;
    }

    private static void AddServices(IServiceCollection services, ServerOptions options, Func<ReasoningEmbedderOptions, ReasoningEmbedder> load)
    {
        services.AddRouting();
        services.AddOpenApi(document => document.AddDocumentTransformer<ReferenceDocument>());
        services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(options.ShutdownSeconds));
        services.ConfigureHttpJsonOptions(json =>
        {
            json.SerializerOptions.PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower;
            json.SerializerOptions.DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull;
        });

        services.AddSingleton(options).AddSingleton(options.Limits).AddSingleton(load).AddSingleton(TimeProvider.System);
        services.AddSingleton<ModelHost>().AddHostedService(provider => provider.GetRequiredService<ModelHost>());
        services.AddSingleton(provider => new EmbeddingQueue(options.Limits.MaxQueuedItems, provider.GetRequiredService<TimeProvider>())).AddHostedService<QueueDrain>();
        services.AddSingleton<Telemetry>().AddSingleton<INetwork, SystemNetwork>().AddSingleton<ImageFetcher>();
        services.AddSingleton<ApiErrors>().AddSingleton<EmbeddingService>().AddSingleton<RequestReader>().AddSingleton<AnswerWriter>();
        services.AddSingleton<CollectionHost>().AddSingleton<CollectionService>();
    }

    private static void AddTelemetry(IServiceCollection services, IConfiguration configuration)
    {
        var telemetry = services.AddOpenTelemetry().ConfigureResource(resource => resource.AddService("rge"))
            .WithMetrics(metrics => metrics.AddMeter(Telemetry.Name, "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel", "System.Runtime").AddPrometheusExporter())
            .WithTracing(tracing => tracing.AddSource(Telemetry.Name, "Microsoft.AspNetCore"));
        if (configuration[CollectorVariable] is { Length: > 0 }) telemetry.UseOtlpExporter();
    }
}
