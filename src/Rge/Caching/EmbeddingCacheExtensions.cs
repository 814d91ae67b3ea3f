using Microsoft.Extensions.AI;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.DependencyInjection;
using Rge.Caching;

namespace Rge;

/// <summary>Caching of embeddings in an <see cref="IDistributedCache"/>.</summary>
public static class EmbeddingCacheExtensions
{
    /// <summary>
    /// Caches embeddings. With <c>using Rge;</c> this is the method that is called in place of the general one of Microsoft.Extensions.AI,
    /// whose keys do not depend on the generator.
    /// </summary>
    /// <remarks>
    /// Keys contain the item with its role, its instruction and the digests of its images, the options of the call, and the embedder's
    /// settings and model. So one storage may serve several models, roles and instructions, and a file that is replaced under its path is
    /// another image. Rationales survive: <see cref="ReasoningEmbedding.From"/> reads them from cached results. Generators that do not end
    /// in a
    /// <see cref="ReasoningEmbedder"/> are cached as the general method does.
    /// </remarks>
    /// <param name="builder">The pipeline.</param>
    /// <param name="storage">Where embeddings are kept; <see langword="null"/> for the one that is registered as a service.</param>
    /// <param name="configure">Further settings.
    /// <see cref="DistributedCachingEmbeddingGenerator{TInput, TEmbedding}.CacheKeyAdditionalValues"/> are added to the keys.</param>
    public static EmbeddingGeneratorBuilder<TInput, Embedding<float>> UseDistributedCache<TInput>(
        this EmbeddingGeneratorBuilder<TInput, Embedding<float>> builder,
        IDistributedCache? storage = null,
        Action<DistributedCachingEmbeddingGenerator<TInput, Embedding<float>>>? configure = null
    )
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.Use(
            (inner, services) =>
            {
                var cache = new ItemCache<TInput>(inner, storage ?? services.GetRequiredService<IDistributedCache>());
                configure?.Invoke(cache);
                return cache;
            }
        );
    }
}
