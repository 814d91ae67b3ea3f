using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.VectorData;
using Rge.Search.Stores;

namespace Rge.Search.Collections;

/// <summary>
/// A collection of items that can be searched. Thread-safe. <see cref="Indexing.Indexer"/> fills it from files and items,
/// <see cref="Searcher"/> searches it with queries; this class gives access to records and vectors.
/// </summary>
/// <remarks>Every method throws <see cref="VectorStoreException"/> when the store fails.</remarks>
public sealed class SearchCollection : IDisposable
{
    private const int Page = RecordPages.Size;

    private volatile bool _canBeWritten;

    internal SearchCollection(string name, CollectionIdentity identity, CollectionTables tables, IWorkClaims claims) =>
        (Name, Identity, Tables, Claims) = (name, identity, tables, claims);

    /// <summary>Its name.</summary>
    public string Name { get; }

    /// <summary>The identity of its vectors.</summary>
    public CollectionIdentity Identity { get; }

    internal CollectionTables Tables { get; }

    internal IWorkClaims Claims { get; }

    /// <summary>Throws unless an identity equals the collection's.</summary>
    /// <exception cref="SearchException">The identity differs from the collection's.</exception>
    public void Require(CollectionIdentity identity)
    {
        ArgumentNullException.ThrowIfNull(identity);
        if (Identity.Mismatch(identity) is { } mismatch)
            throw new SearchException($"The collection {Name} {mismatch}; use what it was made with, or another collection.");
    }

    /// <summary>Refuses another model than the one whose vectors are here.</summary>
    /// <exception cref="SearchException">The model's fingerprint differs.</exception>
    internal void RequireModel(ReasoningEmbedder embedder)
    {
        var model = CollectionIdentity.For(embedder);
        Require(Identity with { Model = model.Model, Fingerprint = model.Fingerprint });
    }

    /// <summary>Writes records, all of them or none; those whose id exists are replaced.</summary>
    /// <remarks>
    /// Records from a source belong to it: where a written record differs from the item of the source, indexing the source again
    /// overwrites it.
    /// </remarks>
    /// <exception cref="ArgumentException">A record has no id, or a vector of another length, without a direction or with a component that
    /// is not a number.</exception>
    public async Task UpsertAsync(IReadOnlyCollection<SearchRecord> records, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(records);
        foreach (var record in records)
        {
            if (record.Id.Length == 0)
                throw new ArgumentException("A record has no id.", nameof(records));
            if (record.Vector.IsEmpty)
                throw new ArgumentException(
                    $"The record {record.Id} has no vector: read it with vectors before writing it, or change its metadata with "
                        + $"{nameof(UpdateMetadataAsync)}.",
                    nameof(records)
                );
            Check(record.Vector, $"The vector of {record.Id}");
        }
        await EnsureTablesAsync(cancellationToken);
        var given = records
            .DistinctBy(record => record.Id, StringComparer.Ordinal)
            .ToDictionary(record => record.Id, StringComparer.Ordinal);
        string[] changed =
        [
            .. (await GetByIdAsync(given.Keys, includeVectors: false, cancellationToken))
                .Where(before => !given[before.Id].SaysTheSame(before))
                .Select(before => before.Id),
        ];
        if (changed.Length > 0)
            await ChangeAsync(changed, () => WriteAsync(records, cancellationToken), cancellationToken);
        else
            await WriteAsync(records, cancellationToken);
    }

    /// <summary>The records nearest to a vector, best first.</summary>
    /// <param name="query">The vector, of any length but zero.</param>
    /// <param name="top">How many records at most, at least 1.</param>
    /// <param name="filter">Which records may be found; <see langword="null"/> for all.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <exception cref="ArgumentException">The vector has another number of dimensions, no direction, or something that is no
    /// number.</exception>
    public async Task<IReadOnlyList<SearchHit>> SearchAsync(
        ReadOnlyMemory<float> query,
        int top,
        SearchFilter? filter = null,
        CancellationToken cancellationToken = default
    )
    {
        Check(query, "The query");
        var options = new VectorSearchOptions<SearchRecord> { Filter = filter?.ToExpression() };
        return await FilteredAsync(filter, async () =>
            await Tables
                .Records.SearchAsync(query, top, options, cancellationToken)
                .Select(result => new SearchHit(result.Record, result.Score ?? double.NaN))
                .ToListAsync(cancellationToken)
        );
    }

    /// <summary>Records by id or by the key that their owner gave, without vectors; missing ones are skipped.</summary>
    /// <inheritdoc cref="GetAsync(IReadOnlyCollection{string}, bool, CancellationToken)"/>
    public Task<IReadOnlyList<SearchRecord>> GetAsync(IReadOnlyCollection<string> ids, CancellationToken cancellationToken = default) =>
        GetAsync(ids, includeVectors: false, cancellationToken);

    /// <summary>Records by id or by the key that their owner gave; missing ones are skipped.</summary>
    /// <param name="ids">Ids or keys; a match by id is not looked up as a key. A key has several records where several sources have
    /// it.</param>
    /// <param name="includeVectors">Whether the records come with their vectors.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    public async Task<IReadOnlyList<SearchRecord>> GetAsync(
        IReadOnlyCollection<string> ids,
        bool includeVectors,
        CancellationToken cancellationToken = default
    )
    {
        ArgumentNullException.ThrowIfNull(ids);
        var found = await GetByIdAsync(ids, includeVectors, cancellationToken);
        foreach (var keys in ids.Except(found.Select(record => record.Id), StringComparer.Ordinal).Chunk(Page))
        {
            await foreach (
                var record in Tables.Records.PagesAsync(
                    record => keys.Contains(record.Key),
                    record => record.Id,
                    includeVectors,
                    cancellationToken
                )
            )
                found.Add(record);
        }
        return found;
    }

    /// <summary>The thumbnail of an item's first image, a JPEG; <see langword="null"/> where there is none.</summary>
    public async Task<byte[]?> GetThumbnailAsync(string id, CancellationToken cancellationToken = default) =>
        await Tables.Thumbnails.GetAsync(id, cancellationToken: cancellationToken) is { } thumbnail
            ? Convert.FromBase64String(thumbnail.Jpeg)
            : null;

    /// <summary>A page of the records, by id, without vectors.</summary>
    /// <param name="skip">Records before the page.</param>
    /// <param name="take">Records of the page, at least 1.</param>
    /// <param name="filter">Which records count; <see langword="null"/> for all.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <exception cref="SearchException">The store does not support the filter's comparison of metadata.</exception>
    public async Task<IReadOnlyList<SearchRecord>> ListAsync(
        int skip,
        int take,
        SearchFilter? filter = null,
        CancellationToken cancellationToken = default
    ) => await ListAsync(skip, take, filter, includeVectors: false, cancellationToken);

    /// <summary>How many records there are.</summary>
    /// <param name="filter">Which records count; <see langword="null"/> for all.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <exception cref="SearchException">The store does not support the filter's comparison of metadata.</exception>
    public Task<long> CountAsync(SearchFilter? filter = null, CancellationToken cancellationToken = default) =>
        FilteredAsync(filter, () => Tables.Records.CountAsync(filter?.ToExpression(), cancellationToken));

    /// <summary>Replaces the metadata of records; vectors are not computed again, and ids stay.</summary>
    /// <param name="id">Id of the record, or key of all that have it.</param>
    /// <param name="metadata">All of the new metadata. It stays until the item is added again, or the source that has it is indexed
    /// again.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <returns>How many records there were.</returns>
    /// <exception cref="SearchException">An entry cannot be used.</exception>
    public async Task<int> UpdateMetadataAsync(
        string id,
        IReadOnlyCollection<KeyValuePair<string, string>> metadata,
        CancellationToken cancellationToken = default
    )
    {
        ArgumentNullException.ThrowIfNull(metadata);
        var item = new SearchItem { Text = id, Metadata = metadata };
        item.Check();
        await EnsureTablesAsync(cancellationToken);
        string[] ids = [.. (await GetAsync([id], cancellationToken)).Select(record => record.Id)];
        var count = 0;
        await ChangeAsync(
            ids,
            async () =>
            {
                var records = await GetByIdAsync(ids, includeVectors: true, cancellationToken);
                foreach (var record in records)
                    record.Tags = [.. item.Tags()];
                await WriteAsync(records, cancellationToken);
                count = records.Count;
            },
            cancellationToken
        );
        return count;
    }

    /// <summary>Deletes records by id or key, and the record of their origin; missing ones are skipped.</summary>
    public async Task DeleteAsync(IReadOnlyCollection<string> ids, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(ids);
        await EnsureTablesAsync(cancellationToken);
        string[] all = [.. ids.Union((await GetAsync(ids, cancellationToken)).Select(record => record.Id), StringComparer.Ordinal)];
        await DeleteRecordsAsync(all, cancellationToken);
        foreach (var some in all.Chunk(Page))
        {
            var places = await PlacesOfAsync(some, cancellationToken);
            await Tables.Places.DeleteAsync(places.Select(place => place.Id), cancellationToken);
        }
    }

    /// <summary>Deletes the records that a filter finds, and the record of their origin.</summary>
    /// <param name="filter">Which records go; one without conditions for all.</param>
    /// <param name="cancellationToken">Stops the work; what has been deleted stays so.</param>
    /// <returns>How many there were.</returns>
    /// <exception cref="SearchException">The store does not support the filter's comparison of metadata.</exception>
    public async Task<long> DeleteAsync(SearchFilter filter, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(filter);
        for (var count = 0L; ; )
        {
            string[] ids = [.. (await ListAsync(0, Page, filter, cancellationToken)).Select(record => record.Id)];
            await DeleteAsync(ids, cancellationToken);
            count += ids.Length;
            if (ids.Length < Page)
                return count;
        }
    }

    /// <summary>The sources that the collection was filled from, and how many files or rows of each are in it.</summary>
    public async Task<IReadOnlyDictionary<string, long>> SourcesAsync(CancellationToken cancellationToken = default)
    {
        var counts = new SortedDictionary<string, long>(StringComparer.Ordinal);
        await foreach (var place in Tables.Places.PagesAsync(_ => true, place => place.Id, includeVectors: false, cancellationToken))
            counts[place.Source] = counts.GetValueOrDefault(place.Source) + 1;
        return counts;
    }

    /// <summary>Removes the files or rows of a source, whether or not it still exists; records that other sources share stay.</summary>
    /// <param name="source">The source's name, as <see cref="SourcesAsync"/> has it.</param>
    /// <param name="cancellationToken">Stops the work; what has been removed stays so.</param>
    /// <returns>How many files or rows there were.</returns>
    public async Task<long> RemoveSourceAsync(string source, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(source);
        await EnsureTablesAsync(cancellationToken);
        await using var claims = new ClaimHolder(Claims, Name);
        var retirement = new Retirement(this, claims);
        for (var count = 0L; ; )
        {
            var page = await Tables
                .Places.GetAsync(place => place.Source == source, Page, cancellationToken: cancellationToken)
                .ToArrayAsync(cancellationToken);
            await retirement.RemoveAsync(page, cancellationToken);
            count += page.Length;
            if (page.Length < Page)
                return count;
        }
    }

    /// <summary>All records with their vectors, thumbnails and places, by id, for another store or a file; read page by page.</summary>
    /// <param name="filter">Which records; <see langword="null"/> for all.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <exception cref="SearchException">The store does not support the filter's comparison of metadata.</exception>
    public async IAsyncEnumerable<CollectionEntry> ExportAsync(
        SearchFilter? filter = null,
        [EnumeratorCancellation] CancellationToken cancellationToken = default
    )
    {
        const int Size = 100;
        for (var skip = 0; ; skip += Size)
        {
            var records = await ListAsync(skip, Size, filter, includeVectors: true, cancellationToken);
            string[] ids = [.. records.Select(record => record.Id)];
            var thumbnails = await Tables
                .Thumbnails.GetAsync(ids, cancellationToken: cancellationToken)
                .ToDictionaryAsync(thumbnail => thumbnail.Id, StringComparer.Ordinal, cancellationToken);
            var places = await PlacesOfAsync(ids, cancellationToken);
            var byItem = places.ToLookup(place => place.Item, StringComparer.Ordinal);
            foreach (var record in records)
            {
                yield return new CollectionEntry
                {
                    Record = record,
                    Thumbnail = thumbnails.GetValueOrDefault(record.Id) is { } thumbnail ? Convert.FromBase64String(thumbnail.Jpeg) : null,
                    Places = [.. byItem[record.Id].Select(place => new EntryPlace(place.Source, place.Name, place.Stamp))],
                };
            }
            if (records.Count < Size)
                yield break;
        }
    }

    /// <summary>Imports what <see cref="ExportAsync"/> has written; records whose id exists are replaced.</summary>
    /// <param name="entries">The records; their collection must have the same identity.</param>
    /// <param name="cancellationToken">Stops the work; what has been written stays.</param>
    /// <returns>How many records there were.</returns>
    /// <exception cref="ArgumentException">A record has no id, or its vector cannot be one of this collection.</exception>
    public async Task<long> ImportAsync(IAsyncEnumerable<CollectionEntry> entries, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(entries);
        const int Size = 100;
        var count = 0L;
        await foreach (var some in entries.Chunk(Size).WithCancellation(cancellationToken))
        {
            await UpsertAsync([.. some.Select(entry => entry.Record)], cancellationToken);
            await Tables.Thumbnails.UpsertAsync(
                some.Where(entry => entry.Thumbnail is not null)
                    .Select(entry => new ThumbnailRecord { Id = entry.Record.Id, Jpeg = Convert.ToBase64String(entry.Thumbnail!) }),
                cancellationToken
            );
            await Tables.Places.UpsertAsync(
                some.SelectMany(entry =>
                    entry.Places.Select(place => new PlaceRecord
                    {
                        Id = PlaceRecord.IdOf(place.Source, place.Name),
                        Source = place.Source,
                        Name = place.Name,
                        Stamp = place.Stamp,
                        Item = entry.Record.Id,
                        Path = entry.Record.Path,
                    })
                ),
                cancellationToken
            );
            count += some.Length;
        }
        return count;
    }

    /// <summary>How much it holds.</summary>
    public async Task<CollectionStats> StatsAsync(CancellationToken cancellationToken = default) =>
        new(
            await Tables.Records.CountAsync(filter: null, cancellationToken),
            await Tables.Places.CountAsync(filter: null, cancellationToken)
        );

    /// <summary>Makes the tables that are not read but written, which a store that can only be read need not have.</summary>
    internal async Task EnsureTablesAsync(CancellationToken cancellationToken)
    {
        if (_canBeWritten)
            return;
        await Tables.EnsureExistAsync(cancellationToken);
        _canBeWritten = true;
    }

    /// <summary>Writes records that say what the places that have them say, or that no other place has.</summary>
    internal Task WriteAsync(IEnumerable<SearchRecord> records, CancellationToken cancellationToken) =>
        Tables.Records.UpsertAsync(records, cancellationToken);

    /// <summary>Changes records while no worker indexes them, so that they count as changed for all places that have them.</summary>
    private async Task ChangeAsync(string[] ids, Func<Task> change, CancellationToken cancellationToken)
    {
        await using var claims = new ClaimHolder(Claims, Name);
        await claims.WaitForAsync(ids, cancellationToken);
        foreach (var some in ids.Chunk(Page))
        {
            var places = await PlacesOfAsync(some, cancellationToken);
            foreach (var place in places)
                place.Stamp = "";
            await Tables.Places.UpsertAsync(places, cancellationToken);
        }
        await change();
    }

    private Task<List<SearchRecord>> ListAsync(
        int skip,
        int take,
        SearchFilter? filter,
        bool includeVectors,
        CancellationToken cancellationToken
    )
    {
        var options = new FilteredRecordRetrievalOptions<SearchRecord>
        {
            Skip = skip,
            IncludeVectors = includeVectors,
            OrderBy = by => by.Ascending(record => record.Id),
        };
        return FilteredAsync(filter, async () =>
            await Tables
                .Records.GetAsync(filter?.ToExpression() ?? (_ => true), take, options, cancellationToken)
                .ToListAsync(cancellationToken)
        );
    }

    /// <summary>The places that have any of these records.</summary>
    private ValueTask<List<PlaceRecord>> PlacesOfAsync(string[] ids, CancellationToken cancellationToken) =>
        Tables
            .Places.PagesAsync(place => ids.Contains(place.Item), place => place.Id, includeVectors: false, cancellationToken)
            .ToListAsync(cancellationToken);

    internal async Task<List<SearchRecord>> GetByIdAsync(
        IReadOnlyCollection<string> ids,
        bool includeVectors,
        CancellationToken cancellationToken
    ) =>
        ids.Count == 0
            ? []
            : await Tables
                .Records.GetAsync(ids, new() { IncludeVectors = includeVectors }, cancellationToken)
                .ToListAsync(cancellationToken);

    internal async Task DeleteRecordsAsync(IReadOnlyCollection<string> ids, CancellationToken cancellationToken)
    {
        await Tables.Records.DeleteAsync(ids, cancellationToken);
        await Tables.Thumbnails.DeleteAsync(ids, cancellationToken);
        await Tables.Contents.DeleteAsync(ids, cancellationToken);
    }

    /// <summary>Says in words what a store of others makes of a filter that it does not know.</summary>
    private async Task<T> FilteredAsync<T>(SearchFilter? filter, Func<Task<T>> work)
    {
        try
        {
            return await work();
        }
        catch (NotSupportedException e) when (filter is { Ranges.Count: > 0 })
        {
            throw new SearchException(
                $"The store of the collection {Name} cannot compare metadata with <, <=, > or >=; use = and !=, or a store that can "
                    + "(SQLite, PostgreSQL).",
                e
            );
        }
    }

    private void Check(ReadOnlyMemory<float> vector, string what)
    {
        if (vector.Length != Identity.Dimensions)
            throw new ArgumentException($"{what} has {vector.Length} dimensions, expected {Identity.Dimensions}.", nameof(vector));
        var norm = TensorPrimitives.Norm(vector.Span);
        if (!float.IsFinite(norm) || norm == 0)
            throw new ArgumentException($"{what} has the length {norm}, expected a finite one above 0.", nameof(vector));
    }

    /// <summary>Disposes the collection; the store stays open.</summary>
    public void Dispose() => Tables.Dispose();
}
