using System.Collections.Concurrent;
using Microsoft.Extensions.VectorData;
using Microsoft.Extensions.VectorData.ProviderServices;

namespace Rge.Search.Stores.Sqlite;

/// <summary>
/// Collections in one SQLite file, searched exactly: all vectors are compared, from memory, where they stay once read (4 bytes a
/// dimension). Nothing has to be installed or started, and nothing that was written is lost when a process or the machine stops.
/// Thread-safe, and several processes may use the file.
/// </summary>
/// <remarks>
/// SQLite rather than DuckDB: each record is durable at its commit and found by its key, which is what a store of records needs most;
/// DuckDB lets one process write at a time, and its vector search compares all vectors, too.
/// </remarks>
/// <param name="path">The file; made when something is first written.</param>
public sealed class SqliteVectorStore(string path) : SqlVectorStore(new SqliteDatabase(path))
{
    private readonly ConcurrentDictionary<string, VectorCache> _caches = new(StringComparer.Ordinal);

    private protected override VectorStoreCollection<TKey, TRecord> Create<TKey, TRecord>(string name, CollectionModel model) =>
        new SqliteCollection<TKey, TRecord>(this, (SqliteDatabase)Database, name, model, vector =>
            _caches.GetOrAdd(name, _ => new VectorCache(
                (SqliteDatabase)Database,
                name,
                model.KeyProperty.StorageName,
                vector.StorageName,
                vector.Dimensions
            ))
        );

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
            foreach (var cache in _caches.Values)
                cache.Dispose();
        base.Dispose(disposing);
    }
}
