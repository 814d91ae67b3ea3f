using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Rge.Server.Collections;
using Rge.Server.Errors;
using Rge.Server.Hosting;
using Rge.Server.Images;
using Rge.Server.Requests;
using Rge.Server.Serving;

namespace Rge.Server;

/// <summary>Registers what the endpoints of <see cref="RgeEndpointRouteBuilderExtensions.MapRge"/> need.</summary>
public static class RgeServiceCollectionExtensions
{
    /// <summary>Registers the API around the <see cref="ReasoningEmbedder"/> that the program has registered.</summary>
    /// <remarks>
    /// Where the program has registered a <see cref="Reranker"/> too, there is <c>/v1/rerank</c>.
    /// The embedder is asked for when the program has started, and stays the program's; until then, and where it cannot be downloaded,
    /// requests are answered with 503. It keeps its own limits on images and prompts. Of the options, <see cref="ServerOptions.Urls"/>,
    /// <see cref="ServerOptions.HostNames"/>, <see cref="ServerOptions.ShutdownSeconds"/> and <see cref="ServerLimits.MaxConnections"/> are
    /// the program's own business and not looked at. The program's JSON options do not change the API's answers. Metrics are those of the
    /// meter <c>Rge.Server</c>, spans those of the activity source of that name.
    /// </remarks>
    /// <param name="services">The program's services.</param>
    /// <param name="options">The settings; <see langword="null"/> for the defaults.</param>
    /// <exception cref="ServerException">A setting makes no sense.</exception>
    /// <exception cref="InvalidOperationException">The API is registered already.</exception>
    public static IServiceCollection AddRgeServer(this IServiceCollection services, ServerOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        return services.AddRge(options, provider => new ModelSource(
            _ => provider.GetRequiredService<ReasoningEmbedder>(),
            IsOwned: false,
            EndsProgram: false
        )
        {
            LoadReranker =
                provider.GetService<IServiceProviderIsService>()?.IsService(typeof(Reranker)) == true
                    ? _ => provider.GetRequiredService<Reranker>()
                    : null,
        });
    }

    /// <summary>
    /// Registers the API around an embedder that it loads itself, while the program already answers, and disposes with the program.
    /// </summary>
    /// <param name="services">The program's services.</param>
    /// <param name="options">The settings.</param>
    /// <param name="load">Loads the model, with the limits of the options it is given. Called once.</param>
    /// <inheritdoc cref="AddRgeServer(IServiceCollection, ServerOptions?)"/>
    public static IServiceCollection AddRgeServer(
        this IServiceCollection services,
        ServerOptions? options,
        Func<ReasoningEmbedderOptions, ReasoningEmbedder> load
    )
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(load);
        return services.AddRge(options, _ => new ModelSource(load, IsOwned: true, EndsProgram: false));
    }

    internal static IServiceCollection AddRge(
        this IServiceCollection services,
        ServerOptions? options,
        Func<IServiceProvider, ModelSource> source
    )
    {
        options ??= new ServerOptions();
        options.Validate();
        if (services.Any(service => service.ServiceType == typeof(EndpointGate)))
            throw new InvalidOperationException("AddRgeServer was called before: one program serves one model.");
        services.AddRouting();
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(options).AddSingleton(options.Limits).AddSingleton(source);
        services.AddSingleton<ModelHost>().AddHostedService(provider => provider.GetRequiredService<ModelHost>());
        services.AddSingleton(provider => new AdmissionLimiter(options.Limits.QueuedItems, provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton<GracefulShutdown>().AddHostedService(provider => provider.GetRequiredService<GracefulShutdown>());
        services.AddSingleton<StoreHealth>().AddHostedService(provider => provider.GetRequiredService<StoreHealth>());
        services.AddSingleton<BodyMemory>().AddSingleton<Telemetry>().AddSingleton<INetwork, SystemNetwork>().AddSingleton<ImageFetcher>();
        services.AddSingleton<StoreFailures>().AddSingleton<ApiKeyRing>().AddSingleton<ApiErrors>();
        services.AddSingleton<ErrorResponses>().AddSingleton<EndpointGate>();
        services.AddSingleton<EmbeddingService>().AddSingleton<RerankService>();
        return services.AddSingleton<CollectionHost>().AddSingleton<CollectionService>();
    }
}
