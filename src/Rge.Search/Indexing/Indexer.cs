using Microsoft.Extensions.VectorData;

namespace Rge.Search.Indexing;

/// <summary>
/// Fills a collection from files and items. Stopped at any moment and run again it goes on where it was; what is unchanged is not embedded
/// again. Several may fill one collection at once, on several machines where the store allows it: each item is embedded by one of them, and
/// when one dies others take up its work. Thread-safe.
/// </summary>
public sealed class Indexer
{
    private readonly SearchCollection _collection;
    private readonly ReasoningEmbedder _embedder;
    private readonly IndexOptions _options;

    /// <summary>Makes an indexer, to be kept and used again; collection and embedder are borrowed.</summary>
    /// <exception cref="SearchException">The collection was made with another model.</exception>
    public Indexer(SearchCollection collection, ReasoningEmbedder embedder, IndexOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(collection);
        _options = options ?? new IndexOptions();
        ArgumentOutOfRangeException.ThrowIfLessThan(_options.BatchItems, 1);
        collection.RequireModel(embedder);
        (_collection, _embedder) = (collection, embedder);
    }

    /// <summary>Makes the collection hold what the source holds.</summary>
    /// <param name="source">The source.</param>
    /// <param name="progress">Told after each batch.</param>
    /// <param name="cancellationToken">Stops between two steps of the model; what is stored stays.</param>
    /// <exception cref="SearchException">The source cannot be listed.</exception>
    /// <exception cref="VectorStoreException">The store fails, or was away for longer than <see cref="IndexOptions.StorePatience"/>.</exception>
    public Task<IndexOutcome> IndexAsync(IItemSource source, IProgress<IndexProgress>? progress = null, CancellationToken cancellationToken = default) =>
        RunAsync(source, removes: true, progress, cancellationToken);

    /// <summary>Adds items; each is found by its <see cref="SearchItem.Id"/> afterwards. Those that cannot be embedded are told as broken, under their id.</summary>
    /// <exception cref="VectorStoreException">The store fails, or was away for longer than <see cref="IndexOptions.StorePatience"/>.</exception>
    public Task<IndexOutcome> AddAsync(IReadOnlyList<SearchItem> items, CancellationToken cancellationToken = default) =>
        RunAsync(new GivenItems(items), removes: false, progress: null, cancellationToken);

    private async Task<IndexOutcome> RunAsync(IItemSource source, bool removes, IProgress<IndexProgress>? progress, CancellationToken cancellationToken)
    {
        await using var claims = new ClaimHolder(_collection.Claims, _collection.Name, _options.Lease);
        return await new IndexRun(_collection, _embedder, source, _options, claims, progress).RunAsync(removes, cancellationToken);
    }
}
