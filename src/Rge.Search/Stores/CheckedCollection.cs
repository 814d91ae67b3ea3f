using System.Linq.Expressions;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.VectorData;

namespace Rge.Search.Stores;

/// <summary>A collection of any store whose records are checked as they are read. Thread-safe.</summary>
/// <param name="inner">The collection; disposed with this.</param>
/// <param name="keyOf">The key of a record.</param>
/// <param name="problemOf">
/// What is wrong with a record, which may have come with its vector, as the end of a sentence; <see langword="null"/> for nothing.
/// </param>
internal sealed class CheckedCollection<TRecord>(
    VectorStoreCollection<string, TRecord> inner,
    Func<TRecord, string> keyOf,
    Func<TRecord, bool, string?> problemOf
) : VectorStoreCollection<string, TRecord>
    where TRecord : class
{
    public override string Name => inner.Name;

    public override Task<bool> CollectionExistsAsync(CancellationToken cancellationToken = default) =>
        inner.CollectionExistsAsync(cancellationToken);

    public override Task EnsureCollectionExistsAsync(CancellationToken cancellationToken = default) =>
        inner.EnsureCollectionExistsAsync(cancellationToken);

    public override Task EnsureCollectionDeletedAsync(CancellationToken cancellationToken = default) =>
        inner.EnsureCollectionDeletedAsync(cancellationToken);

    public override async Task<TRecord?> GetAsync(
        string key,
        RecordRetrievalOptions? options = null,
        CancellationToken cancellationToken = default
    ) => await inner.GetAsync(key, options, cancellationToken) is { } record ? Checked(record, options?.IncludeVectors ?? false) : null;

    public override IAsyncEnumerable<TRecord> GetAsync(
        IEnumerable<string> keys,
        RecordRetrievalOptions? options = null,
        CancellationToken cancellationToken = default
    ) => inner.GetAsync(keys, options, cancellationToken).Select(record => Checked(record, options?.IncludeVectors ?? false));

    public override IAsyncEnumerable<TRecord> GetAsync(
        Expression<Func<TRecord, bool>> filter,
        int top,
        FilteredRecordRetrievalOptions<TRecord>? options = null,
        CancellationToken cancellationToken = default
    ) => inner.GetAsync(filter, top, options, cancellationToken).Select(record => Checked(record, options?.IncludeVectors ?? false));

    public override Task DeleteAsync(string key, CancellationToken cancellationToken = default) =>
        inner.DeleteAsync(key, cancellationToken);

    public override Task DeleteAsync(IEnumerable<string> keys, CancellationToken cancellationToken = default) =>
        inner.DeleteAsync(keys, cancellationToken);

    public override Task UpsertAsync(TRecord record, CancellationToken cancellationToken = default) =>
        inner.UpsertAsync(record, cancellationToken);

    public override Task UpsertAsync(IEnumerable<TRecord> records, CancellationToken cancellationToken = default) =>
        inner.UpsertAsync(records, cancellationToken);

    public override async IAsyncEnumerable<VectorSearchResult<TRecord>> SearchAsync<TInput>(
        TInput searchValue,
        int top,
        VectorSearchOptions<TRecord>? options = null,
        [EnumeratorCancellation] CancellationToken cancellationToken = default
    )
    {
        await foreach (var result in inner.SearchAsync(searchValue, top, options, cancellationToken))
        {
            Checked(result.Record, options?.IncludeVectors ?? false);
            if (result.Score is double.NaN)
                throw Damaged(result.Record, "has a vector with something in it that is no number");
            yield return result;
        }
    }

    public override object? GetService(Type serviceType, object? serviceKey = null) => inner.GetService(serviceType, serviceKey);

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            inner.Dispose();
        base.Dispose(disposing);
    }

    private TRecord Checked(TRecord record, bool hasVector) =>
        problemOf(record, hasVector) is { } problem ? throw Damaged(record, problem) : record;

    private StoreException Damaged(TRecord record, string problem)
    {
        var metadata = inner.GetService(typeof(VectorStoreCollectionMetadata)) as VectorStoreCollectionMetadata;
        return StoreException.Damaged(metadata?.VectorStoreSystemName, metadata?.VectorStoreName, Name, keyOf(record), problem);
    }
}
