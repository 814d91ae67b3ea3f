using System.Text.Json;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Caching.Distributed;
using Rge.Serialization;

namespace Rge.Caching;

/// <summary>
/// A cache whose keys hold all that decides an embedding: the item, with its role and instruction and the digests of its images, the options
/// of the call, and the embedder with its model. A value of another type is looked up as the item that it stands for.
/// </summary>
internal sealed class ItemCache<TInput> : DistributedCachingEmbeddingGenerator<TInput, Embedding<float>>
{
    private static readonly JsonSerializerOptions Json = CreateOptions();

    private readonly Lazy<EmbedderIdentity?> _embedder;
    private readonly IItemMapping<TInput>? _mapping;

    public ItemCache(IEmbeddingGenerator<TInput, Embedding<float>> inner, IDistributedCache storage) : base(inner, storage)
    {
        JsonSerializerOptions = Json;
        _mapping = inner.GetService(typeof(IItemMapping<TInput>)) as IItemMapping<TInput>;
        _embedder = new(() => inner.GetService<ReasoningEmbedder>()?.Identity);
    }

    protected override string GetCacheKey(params ReadOnlySpan<object?> values)
    {
        object?[] key = [.. values, _embedder.Value];
        if (_mapping is not null && key is [TInput value, ..]) key[0] = _mapping.ToItem(value, key[1] as EmbeddingGenerationOptions);
        return base.GetCacheKey(key);
    }

    private static JsonSerializerOptions CreateOptions()
    {
        var options = new JsonSerializerOptions(AIJsonUtilities.DefaultOptions);
        options.TypeInfoResolverChain.Insert(0, RgeJsonContext.Default);
        return options;
    }
}
