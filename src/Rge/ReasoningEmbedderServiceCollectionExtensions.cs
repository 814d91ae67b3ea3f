using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace Rge;

/// <summary>Registers a <see cref="ReasoningEmbedder"/> for dependency injection.</summary>
public static class ReasoningEmbedderServiceCollectionExtensions
{
    /// <summary>
    /// The role of what is embedded by a generator without a configured role: that of what is searched for, which does not reason.
    /// </summary>
    public const ItemRole DefaultRole = ItemRole.Target;

    /// <summary>Registers the embedder of a checkpoint folder, loaded on first use and disposed with the provider.</summary>
    /// <remarks>
    /// As singletons: <see cref="ReasoningEmbedder"/>; <c>IEmbeddingGenerator&lt;EmbeddingInput, Embedding&lt;float&gt;&gt;</c>, to which
    /// the returned builder adds caching, telemetry and other stages; and generators of <see cref="string"/>, <see cref="AIContent"/>,
    /// <see cref="DataContent"/> and <c>IEnumerable&lt;AIContent&gt;</c>, which go through those stages too: for the role that is their
    /// key, <see cref="ItemRole.Query"/> or
    /// <see cref="ItemRole.Target"/>, and without a key for <see cref="DefaultRole"/>, unless there is one already.
    /// </remarks>
    /// <param name="services">The services.</param>
    /// <param name="folder">The checkpoint.</param>
    /// <param name="options">The embedder's options; <see langword="null"/> for those that
    /// <c>services.Configure&lt;ReasoningEmbedderOptions&gt;</c> sets.</param>
    /// <exception cref="InvalidOperationException">There is an embedder already.</exception>
    public static EmbeddingGeneratorBuilder<EmbeddingInput, Embedding<float>> AddReasoningEmbedder(
        this IServiceCollection services,
        string folder,
        ReasoningEmbedderOptions? options = null
    )
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        return services.AddReasoningEmbedder(provider => ReasoningEmbedder.Load(folder, OptionsOf(provider, Options.DefaultName, options)));
    }

    /// <summary>Registers an embedder that is made on first use and disposed with the provider.</summary>
    /// <inheritdoc cref="AddReasoningEmbedder(IServiceCollection, string, ReasoningEmbedderOptions?)" path="/remarks"/>
    /// <exception cref="InvalidOperationException">There is an embedder already.</exception>
    public static EmbeddingGeneratorBuilder<EmbeddingInput, Embedding<float>> AddReasoningEmbedder(
        this IServiceCollection services,
        Func<IServiceProvider, ReasoningEmbedder> factory
    )
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(factory);
        if (services.Any(service => service.ServiceType == typeof(ReasoningEmbedder) && !service.IsKeyedService))
            throw new InvalidOperationException(
                "A reasoning embedder is registered already; register further ones by AddKeyedReasoningEmbedder, each under a key of "
                    + "its own."
            );
        services.AddSingleton(factory);
        services.TryAddSingleton(provider => Items(provider).ForText(DefaultRole));
        services.TryAddSingleton(provider => Items(provider).ForContent(DefaultRole));
        services.TryAddSingleton(provider => Items(provider).ForSingleContent<AIContent>(DefaultRole));
        services.TryAddSingleton(provider => Items(provider).ForSingleContent<DataContent>(DefaultRole));
        foreach (var role in Enum.GetValues<ItemRole>())
        {
            services.TryAddKeyedSingleton(role, (provider, _) => Items(provider).ForText(role));
            services.TryAddKeyedSingleton(role, (provider, _) => Items(provider).ForContent(role));
            services.TryAddKeyedSingleton(role, (provider, _) => Items(provider).ForSingleContent<AIContent>(role));
            services.TryAddKeyedSingleton(role, (provider, _) => Items(provider).ForSingleContent<DataContent>(role));
        }
        return services.AddEmbeddingGenerator(provider =>
            (IEmbeddingGenerator<EmbeddingInput, Embedding<float>>)provider.GetRequiredService<ReasoningEmbedder>()
        );

        static IEmbeddingGenerator<EmbeddingInput, Embedding<float>> Items(IServiceProvider provider) =>
            provider.GetRequiredService<IEmbeddingGenerator<EmbeddingInput, Embedding<float>>>();
    }

    /// <summary>
    /// Registers one of several embedders: that of a checkpoint folder, loaded on first use and disposed with the provider.
    /// </summary>
    /// <remarks>
    /// As singletons under the key: <see cref="ReasoningEmbedder"/>; <c>IEmbeddingGenerator&lt;EmbeddingInput,
    /// Embedding&lt;float&gt;&gt;</c>, to which the returned builder adds caching, telemetry and other stages; and a generator of
    /// <see cref="string"/> for <see cref="DefaultRole"/>, which goes through those stages too. <see cref="EmbeddingGeneratorAdapters"/>
    /// makes others of the second.
    /// </remarks>
    /// <param name="services">The services.</param>
    /// <param name="serviceKey">The key.</param>
    /// <param name="folder">The checkpoint.</param>
    /// <param name="options">The embedder's options; <see langword="null"/> for those that
    /// <c>services.Configure&lt;ReasoningEmbedderOptions&gt;</c> sets by the key's text.</param>
    /// <exception cref="InvalidOperationException">There is an embedder of the key already.</exception>
    public static EmbeddingGeneratorBuilder<EmbeddingInput, Embedding<float>> AddKeyedReasoningEmbedder(
        this IServiceCollection services,
        object serviceKey,
        string folder,
        ReasoningEmbedderOptions? options = null
    )
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        return services.AddKeyedReasoningEmbedder(serviceKey, (provider, key) =>
            ReasoningEmbedder.Load(folder, OptionsOf(provider, key.ToString(), options))
        );
    }

    /// <summary>Registers one of several embedders, made on first use and disposed with the provider.</summary>
    /// <inheritdoc cref="AddKeyedReasoningEmbedder(IServiceCollection, object, string, ReasoningEmbedderOptions?)" path="/remarks"/>
    /// <exception cref="InvalidOperationException">There is an embedder of the key already.</exception>
    public static EmbeddingGeneratorBuilder<EmbeddingInput, Embedding<float>> AddKeyedReasoningEmbedder(
        this IServiceCollection services,
        object serviceKey,
        Func<IServiceProvider, object, ReasoningEmbedder> factory
    )
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(serviceKey);
        ArgumentNullException.ThrowIfNull(factory);
        if (
            services.Any(service =>
                service.ServiceType == typeof(ReasoningEmbedder) && service.IsKeyedService && Equals(service.ServiceKey, serviceKey)
            )
        )
            throw new InvalidOperationException($"A reasoning embedder is registered under the key '{serviceKey}' already.");
        services.AddKeyedSingleton(serviceKey, (provider, key) => factory(provider, key!));
        services.AddKeyedSingleton(serviceKey, (provider, key) =>
            provider.GetRequiredKeyedService<IEmbeddingGenerator<EmbeddingInput, Embedding<float>>>(key).ForText(DefaultRole)
        );
        return services.AddKeyedEmbeddingGenerator(serviceKey, provider =>
            (IEmbeddingGenerator<EmbeddingInput, Embedding<float>>)provider.GetRequiredKeyedService<ReasoningEmbedder>(serviceKey)
        );
    }

    private static ReasoningEmbedderOptions? OptionsOf(IServiceProvider provider, string? name, ReasoningEmbedderOptions? given)
    {
        if (given is null)
            return provider.GetService<IOptionsMonitor<ReasoningEmbedderOptions>>()?.Get(name);
        var configured = provider
            .GetServices<IConfigureOptions<ReasoningEmbedderOptions>>()
            .Any(options =>
                options is not ConfigureNamedOptions<ReasoningEmbedderOptions> named || named.Name is null || named.Name == name
            );
        if (configured || provider.GetServices<IPostConfigureOptions<ReasoningEmbedderOptions>>().Any())
            throw new InvalidOperationException(
                "The options of the reasoning embedder are given twice, where it is registered and by "
                    + "Configure<ReasoningEmbedderOptions>; use one of the two."
            );
        return given;
    }
}
