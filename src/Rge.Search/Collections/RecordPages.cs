using System.Linq.Expressions;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.VectorData;
using Rge.Search.Stores;

namespace Rge.Search.Collections;

/// <summary>Reads and counts what a filter finds in a table, page by page.</summary>
internal static class RecordPages
{
    /// <summary>Records of a page.</summary>
    public const int Size = 1000;

    /// <summary>All records that a filter finds.</summary>
    /// <param name="table">The table.</param>
    /// <param name="filter">Which records.</param>
    /// <param name="order">The key, which they are ordered by.</param>
    /// <param name="includeVectors">Whether the records come with their vectors.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    public static async IAsyncEnumerable<TRecord> PagesAsync<TRecord>(
        this VectorStoreCollection<string, TRecord> table,
        Expression<Func<TRecord, bool>> filter,
        Expression<Func<TRecord, object?>> order,
        bool includeVectors,
        [EnumeratorCancellation] CancellationToken cancellationToken
    )
        where TRecord : class
    {
        for (var skip = 0; ; skip += Size)
        {
            var options = new FilteredRecordRetrievalOptions<TRecord>
            {
                Skip = skip,
                IncludeVectors = includeVectors,
                OrderBy = by => by.Ascending(order),
            };
            var count = 0;
            await foreach (var record in table.GetAsync(filter, Size, options, cancellationToken))
            {
                count++;
                yield return record;
            }
            if (count < Size)
                yield break;
        }
    }

    /// <summary>How many records a filter finds; all without one. The store counts where it can.</summary>
    public static async Task<long> CountAsync<TRecord>(
        this VectorStoreCollection<string, TRecord> table,
        Expression<Func<TRecord, bool>>? filter,
        CancellationToken cancellationToken
    )
        where TRecord : class
    {
        if (table.GetService(typeof(IRecordCounter)) is IRecordCounter counter)
            return await counter.CountAsync(filter, cancellationToken);
        var count = 0;
        for (var before = -1; count > before && count % Size == 0; )
        {
            before = count;
            count += await table
                .GetAsync(filter ?? (_ => true), Size, new() { Skip = before }, cancellationToken)
                .CountAsync(cancellationToken);
        }
        return count;
    }
}
