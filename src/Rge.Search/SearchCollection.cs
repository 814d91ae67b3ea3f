using System.Numerics.Tensors;
using Microsoft.Extensions.VectorData;
using Rge.Search.Stores;

namespace Rge.Search;

/// <summary>
/// A collection of items that can be searched. Thread-safe. <see cref="Indexing.Indexer"/> fills it from files and items,
/// <see cref="Searcher"/> searches it with queries; here are the records and vectors themselves.
/// </summary>
/// <remarks>Every method ends with <see cref="VectorStoreException"/> when the store fails.</remarks>
public sealed class SearchCollection : IDisposable
{
    private const int Page = 1000;

    internal SearchCollection(string name, CollectionIdentity identity, CollectionTables tables, IWorkClaims claims) =>
        (Name, Identity, Tables, Claims) = (name, identity, tables, claims);

    /// <summary>Its name.</summary>
    public string Name { get; }

    /// <summary>What its vectors are made with.</summary>
    public CollectionIdentity Identity { get; }

    internal CollectionTables Tables { get; }

    internal IWorkClaims Claims { get; }

    /// <summary>Refuses what was made with something else.</summary>
    /// <exception cref="SearchException">The identity differs from the collection's.</exception>
    public void Require(CollectionIdentity identity)
    {
        ArgumentNullException.ThrowIfNull(identity);
        if (Identity.Mismatch(identity) is { } mismatch) throw new SearchException($"The collection {Name} {mismatch}; use what it was made with, or another collection.");
    }

    /// <summary>Refuses another model than the one whose vectors are here.</summary>
    /// <exception cref="SearchException">The model's fingerprint differs.</exception>
    internal void RequireModel(ReasoningEmbedder embedder)
    {
        var model = CollectionIdentity.Of(embedder);
        Require(Identity with { Model = model.Model, Fingerprint = model.Fingerprint });
    }

    /// <summary>Writes records, all of them or none; those whose id is there are replaced.</summary>
    /// <exception cref="ArgumentException">A record has no id, or a vector of another length, without a direction or with something that is no number.</exception>
    public Task UpsertAsync(IReadOnlyCollection<SearchRecord> records, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(records);
        foreach (var record in records)
        {
            if (record.Id.Length == 0) throw new ArgumentException("A record has no id.", nameof(records));
            Check(record.Vector, $"The vector of {record.Id}");
        }
        return Tables.Records.UpsertAsync(records, cancellationToken);
    }

    /// <summary>The records nearest to a vector, best first.</summary>
    /// <param name="query">The vector, of any length but zero.</param>
    /// <param name="top">How many records at most, at least 1.</param>
    /// <param name="filter">Which records may be found; <see langword="null"/> for all.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <exception cref="ArgumentException">The vector has another number of dimensions, no direction, or something that is no number.</exception>
    public async Task<IReadOnlyList<SearchHit>> SearchAsync(
        ReadOnlyMemory<float> query, int top, SearchFilter? filter = null, CancellationToken cancellationToken = default)
    {
        Check(query, "The query");
        var options = new VectorSearchOptions<SearchRecord> { Filter = filter?.ToExpression() };
        return await Tables.Records.SearchAsync(query, top, options, cancellationToken)
            .Select(result => new SearchHit(result.Record, result.Score ?? double.NaN)).ToListAsync(cancellationToken);
    }

    /// <summary>Records by id, without vectors; ids that are not there are passed over.</summary>
    public async Task<IReadOnlyList<SearchRecord>> GetAsync(IReadOnlyCollection<string> ids, CancellationToken cancellationToken = default) =>
        ids.Count == 0 ? [] : await Tables.Records.GetAsync(ids, cancellationToken: cancellationToken).ToListAsync(cancellationToken);

    /// <summary>The JPEG of an item's first picture made small; <see langword="null"/> where there is none.</summary>
    public async Task<byte[]?> GetThumbnailAsync(string id, CancellationToken cancellationToken = default) =>
        await Tables.Thumbnails.GetAsync(id, cancellationToken: cancellationToken) is { } thumbnail ? Convert.FromBase64String(thumbnail.Jpeg) : null;

    /// <summary>A page of the records, by id, without vectors.</summary>
    /// <param name="skip">Records before the page.</param>
    /// <param name="take">Records of the page, at least 1.</param>
    /// <param name="filter">Which records count; <see langword="null"/> for all.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    public async Task<IReadOnlyList<SearchRecord>> ListAsync(int skip, int take, SearchFilter? filter = null, CancellationToken cancellationToken = default) =>
        await Tables.Records.GetAsync(filter?.ToExpression() ?? (_ => true), take, new() { Skip = skip, OrderBy = by => by.Ascending(r => r.Id) }, cancellationToken)
            .ToListAsync(cancellationToken);

    /// <summary>Deletes records by id, and what is remembered of where they came from; ids that are not there are passed over.</summary>
    public async Task DeleteAsync(IReadOnlyCollection<string> ids, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(ids);
        await DeleteRecordsAsync(ids, cancellationToken);
        foreach (var id in ids)
        {
            List<string> places;
            do
            {
                places = await Tables.Places.GetAsync(place => place.Item == id, Page, cancellationToken: cancellationToken).Select(place => place.Id).ToListAsync(cancellationToken);
                await Tables.Places.DeleteAsync(places, cancellationToken);
            }
            while (places.Count == Page);
        }
    }

    /// <summary>How much it holds.</summary>
    public async Task<CollectionStats> StatsAsync(CancellationToken cancellationToken = default) =>
        new(await CountAsync(Tables.Records, cancellationToken), await CountAsync(Tables.Places, cancellationToken));

    internal async Task DeleteRecordsAsync(IReadOnlyCollection<string> ids, CancellationToken cancellationToken)
    {
        await Tables.Records.DeleteAsync(ids, cancellationToken);
        await Tables.Thumbnails.DeleteAsync(ids, cancellationToken);
    }

    private static async Task<long> CountAsync<TRecord>(VectorStoreCollection<string, TRecord> collection, CancellationToken cancellationToken) where TRecord : class
    {
        if (collection.GetService(typeof(IRecordCounter)) is IRecordCounter counter) return await counter.CountAsync(cancellationToken);
        var count = 0;
        for (var before = -1; count > before && count % Page == 0;)
        {
            before = count;
            count += await collection.GetAsync(_ => true, Page, new() { Skip = before }, cancellationToken).CountAsync(cancellationToken);
        }
        return count;
    }

    private void Check(ReadOnlyMemory<float> vector, string what)
    {
        if (vector.Length != Identity.Dimensions) throw new ArgumentException($"{what} has {vector.Length} dimensions, expected {Identity.Dimensions}.", nameof(vector));
        var norm = TensorPrimitives.Norm(vector.Span);
        if (!float.IsFinite(norm) || norm == 0) throw new ArgumentException($"{what} has the length {norm}, expected a finite one above 0.", nameof(vector));
    }

    /// <summary>Lets go of the collection; the store stays open.</summary>
    public void Dispose() => Tables.Dispose();
}
