using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Rge;

/// <summary>Registers a <see cref="ReasoningEmbedder"/> for dependency injection.</summary>
public static class ReasoningEmbedderServiceCollectionExtensions
{
    /// <summary>Registers the embedder of a checkpoint folder, loaded when it is first asked for and disposed with the provider.</summary>
    /// <remarks>
    /// As singletons: <see cref="ReasoningEmbedder"/>; <c>IEmbeddingGenerator&lt;EmbeddingInput, Embedding&lt;float&gt;&gt;</c>; and, under the keys
    /// <see cref="ItemRole.Query"/> and <see cref="ItemRole.Target"/>, <c>IEmbeddingGenerator&lt;string, Embedding&lt;float&gt;&gt;</c>.
    /// </remarks>
    public static IServiceCollection AddReasoningEmbedder(this IServiceCollection services, string folder, ReasoningEmbedderOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        return services.AddReasoningEmbedder(_ => ReasoningEmbedder.Load(folder, options));
    }

    /// <summary>Registers an embedder that is made when it is first asked for and disposed with the provider.</summary>
    /// <inheritdoc cref="AddReasoningEmbedder(IServiceCollection, string, ReasoningEmbedderOptions?)" path="/remarks"/>
    public static IServiceCollection AddReasoningEmbedder(this IServiceCollection services, Func<IServiceProvider, ReasoningEmbedder> factory)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(factory);
        services.TryAddSingleton(factory);
        services.TryAddSingleton<IEmbeddingGenerator<EmbeddingInput, Embedding<float>>>(provider => provider.GetRequiredService<ReasoningEmbedder>());
        foreach (var role in Enum.GetValues<ItemRole>())
            services.TryAddKeyedSingleton(role, (provider, _) => provider.GetRequiredService<ReasoningEmbedder>().ForText(role));
        return services;
    }
}
