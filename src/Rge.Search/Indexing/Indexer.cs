using Microsoft.Extensions.VectorData;
using Rge.Search.Collections;
using Rge.Search.Stores;

namespace Rge.Search.Indexing;

/// <summary>
/// Fills a collection from files and items. A run that was stopped at any moment is resumed by the next; what is unchanged is not embedded
/// again. Several indexers may fill one collection at once, on several machines where the store allows it: each item is embedded by one,
/// and when one dies others take over its work. Thread-safe.
/// </summary>
public sealed class Indexer
{
    private readonly SearchCollection _collection;
    private readonly ReasoningEmbedder _embedder;
    private readonly IndexOptions _options;

    /// <summary>Creates an indexer, which can be reused; collection and embedder are borrowed.</summary>
    /// <exception cref="SearchException">The collection was made with another model.</exception>
    public Indexer(SearchCollection collection, ReasoningEmbedder embedder, IndexOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(collection);
        _options = options ?? new IndexOptions();
        ArgumentOutOfRangeException.ThrowIfLessThan(_options.BatchItems, 1);
        collection.RequireModel(embedder);
        (_collection, _embedder) = (collection, embedder);
    }

    /// <summary>
    /// Synchronizes the collection with the source. Items that are no longer in the source are removed, unless
    /// the source seems to be missing; see <see cref="IndexOutcome.Hold"/>.
    /// </summary>
    /// <param name="source">The source.</param>
    /// <param name="progress">Called after each batch.</param>
    /// <param name="cancellationToken">Stops between two steps of the model; what is stored stays.</param>
    /// <exception cref="SearchException">The source cannot be listed, or something cannot be indexed and
    /// <see cref="IndexOptions.StopsAtBroken"/> is set.</exception>
    /// <exception cref="VectorStoreException">The store fails, or was away for longer than
    /// <see cref="IndexOptions.StoreRetryTimeout"/>.</exception>
    public async Task<IndexOutcome> IndexAsync(
        IItemSource source,
        IProgress<IndexProgress>? progress = null,
        CancellationToken cancellationToken = default
    )
    {
        ArgumentNullException.ThrowIfNull(source);
        await using var claims = new ClaimHolder(_collection.Claims, _collection.Name, _options.Lease);
        await RenameAsync(source.Name + Path.DirectorySeparatorChar, source.Name, claims, cancellationToken);
        return await new IndexRun(_collection, _embedder, source, _options, claims, progress).RunAsync(removes: true, cancellationToken);
    }

    /// <summary>
    /// Adds items; each is found by its <see cref="SearchItem.Id"/> afterwards, and by its key where it has one. An item replaces
    /// the one that was added with its key before; where only key or metadata differ, nothing is embedded again. Items that cannot be
    /// embedded are reported as broken, under their key and index, without affecting the others.
    /// </summary>
    /// <exception cref="VectorStoreException">The store fails, or was away for longer than
    /// <see cref="IndexOptions.StoreRetryTimeout"/>.</exception>
    public async Task<IndexOutcome> AddAsync(IReadOnlyList<SearchItem> items, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(items);
        await using var claims = new ClaimHolder(_collection.Claims, _collection.Name, _options.Lease);
        await AdoptAsync([.. items.Select(item => item?.Key).OfType<string>().Distinct(StringComparer.Ordinal)], claims, cancellationToken);
        var run = new IndexRun(_collection, _embedder, new GivenItems(items), _options, claims, progress: null);
        return await run.RunAsync(removes: false, cancellationToken);
    }

    /// <summary>Gives what a source had under one name the other: a folder with a separator at its end was another source once.</summary>
    private async Task RenameAsync(string from, string to, ClaimHolder claims, CancellationToken cancellationToken)
    {
        var places = await _collection
            .Tables.Places.PagesAsync(place => place.Source == from, place => place.Id, includeVectors: false, cancellationToken)
            .ToListAsync(cancellationToken);
        foreach (var place in places)
            await MoveAsync(place, to, place.Name, place.Stamp, claims, cancellationToken);
    }

    private async Task MoveAsync(
        PlaceRecord place,
        string source,
        string name,
        string stamp,
        ClaimHolder claims,
        CancellationToken cancellationToken
    )
    {
        var moved = new PlaceRecord
        {
            Id = PlaceRecord.IdOf(source, name),
            Source = source,
            Name = name,
            Stamp = stamp,
            Item = place.Item,
            Pending = place.Pending,
            Path = place.Path,
        };
        if (await _collection.Tables.Places.GetAsync(moved.Id, cancellationToken: cancellationToken) is not null)
        {
            // What the other name has is newer, or as new.
            await new Retirement(_collection, claims).RemoveAsync([place], cancellationToken);
            return;
        }
        await _collection.Tables.Places.UpsertAsync(moved, cancellationToken);
        await _collection.Tables.Places.DeleteAsync(place.Id, cancellationToken);
    }

    /// <summary>Gives places of items that were added with a key before keys counted the names that they would have now.</summary>
    private async Task AdoptAsync(string[] keys, ClaimHolder claims, CancellationToken cancellationToken)
    {
        const int Size = 500;
        var places = _collection.Tables.Places;
        foreach (var some in keys.Chunk(Size))
        {
            var records = await _collection
                .Tables.Records.PagesAsync(
                    record => some.Contains(record.Key),
                    record => record.Id,
                    includeVectors: false,
                    cancellationToken
                )
                .ToDictionaryAsync(record => PlaceRecord.IdOf(GivenItems.SourceName, record.Id), StringComparer.Ordinal, cancellationToken);
            var old = await places.GetAsync(records.Keys, cancellationToken: cancellationToken).ToListAsync(cancellationToken);
            foreach (var place in old)
            {
                var key = records[place.Id].Key!;
                // Where there were several of a key, one is left, which the new item replaces.
                if (place.Name != key)
                    await MoveAsync(place, GivenItems.SourceName, key, stamp: "", claims, cancellationToken);
            }
        }
    }
}
