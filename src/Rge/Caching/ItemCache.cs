using System.Runtime.ExceptionServices;
using System.Text.Json;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Caching.Distributed;

namespace Rge.Caching;

/// <summary>
/// A cache whose keys hold all that decides an embedding: the item, with its role and instruction and the digests of its images, the
/// options of the call, and the embedder with its model. A value of another type is looked up as the item that it stands for.
/// </summary>
internal sealed class ItemCache<TInput> : DistributedCachingEmbeddingGenerator<TInput, Embedding<float>>
{
    private static readonly JsonSerializerOptions Json = CreateOptions();

    private readonly Lazy<EmbedderIdentity?> _embedder;
    private readonly IItemMapping<TInput>? _mapping;

    public ItemCache(IEmbeddingGenerator<TInput, Embedding<float>> inner, IDistributedCache storage)
        : base(new Misses(inner), storage)
    {
        JsonSerializerOptions = Json;
        _mapping = inner.GetService(typeof(IItemMapping<TInput>)) as IItemMapping<TInput>;
        _embedder = new(() => inner.GetService<ReasoningEmbedder>()?.Identity);
    }

    /// <inheritdoc/>
    /// <remarks>
    /// The inner generator gets only the items that the cache lacks; the index in an error is that among the given items.
    /// </remarks>
    public override async Task<GeneratedEmbeddings<Embedding<float>>> GenerateAsync(
        IEnumerable<TInput> values,
        EmbeddingGenerationOptions? options = null,
        CancellationToken cancellationToken = default
    )
    {
        ArgumentNullException.ThrowIfNull(values);
        TInput[] given = [.. values];
        try
        {
            return await base.GenerateAsync(given, options, cancellationToken);
        }
        catch (ItemFailure failure)
        {
            // Of items that are equal, the first was looked up first.
            ExceptionDispatchInfo.Throw(
                failure.Error.AtItem(Math.Max(0, Array.IndexOf(given, failure.Value)), inMessage: given.Length > 1)
            );
            throw;
        }
    }

    protected override string GetCacheKey(params ReadOnlySpan<object?> values)
    {
        object?[] key = [.. values, _embedder.Value];
        var given = key is [TInput item, ..] ? item : default;
        if (_mapping is not null && given is not null)
            key[0] = _mapping.ToItem(given, key[1] as EmbeddingGenerationOptions);
        try
        {
            return base.GetCacheKey(key);
        }
        catch (RgeException e) when (given is not null)
        {
            throw new ItemFailure(given, e);
        }
    }

    private static JsonSerializerOptions CreateOptions()
    {
        var options = new JsonSerializerOptions(AIJsonUtilities.DefaultOptions);
        options.TypeInfoResolverChain.Insert(0, RgeJsonContext.Default);
        return options;
    }

    /// <summary>
    /// Says which item an error of the wrapped generator is about: a place among the missing ones means nothing to the caller.
    /// </summary>
    private sealed class Misses(IEmbeddingGenerator<TInput, Embedding<float>> inner)
        : DelegatingEmbeddingGenerator<TInput, Embedding<float>>(inner)
    {
        public override async Task<GeneratedEmbeddings<Embedding<float>>> GenerateAsync(
            IEnumerable<TInput> values,
            EmbeddingGenerationOptions? options = null,
            CancellationToken cancellationToken = default
        )
        {
            TInput[] missing = [.. values];
            try
            {
                return await base.GenerateAsync(missing, options, cancellationToken);
            }
            catch (RgeException e) when (missing.Length == 1 || e.ItemIndex < missing.Length)
            {
                throw new ItemFailure(missing[e.ItemIndex ?? 0], e);
            }
        }
    }

    /// <summary>An error with the item that it is about; never leaves the cache.</summary>
    private sealed class ItemFailure(TInput value, RgeException error) : Exception(error.Message, error)
    {
        public TInput Value { get; } = value;

        public RgeException Error { get; } = error;
    }
}
