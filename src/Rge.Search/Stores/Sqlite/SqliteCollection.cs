using Microsoft.Extensions.VectorData;
using Microsoft.Extensions.VectorData.ProviderServices;

namespace Rge.Search.Stores.Sqlite;

/// <summary>
/// A collection in a SQLite file. Every write of a record gives its row a higher number than any before, by which <see cref="VectorCache"/>
/// sees what is new.
/// </summary>
internal sealed class SqliteCollection<TKey, TRecord>(
    SqliteVectorStore store,
    SqliteDatabase database,
    string name,
    CollectionModel model,
    Func<VectorPropertyModel, VectorCache> cacheOf
) : SqlCollection<TKey, TRecord>(store, database, name, model)
    where TKey : notnull
    where TRecord : class
{
    /// <summary>How often a search is repeated because records that it found were replaced or deleted meanwhile.</summary>
    private const int Attempts = 5;

    protected override IEnumerable<string> Definition =>
        [
            $"CREATE TABLE IF NOT EXISTS {Table} ({VectorCache.RowNumber} INTEGER PRIMARY KEY AUTOINCREMENT, "
                + $"{string.Join(", ", Model.Properties.Select(Define))})",
            // Lists are JSON here, which an index does not help to search.
            .. Model
                .DataProperties.Where(property => property.IsIndexed && !IsList(property))
                .Select(property =>
                    $"CREATE INDEX IF NOT EXISTS {SqlDatabase.Quote($"{Name}.{property.StorageName}")} ON {Table} ({Column(property)})"
                ),
        ];

    protected override (string Head, string Tail) Upsert => ("INSERT OR REPLACE INTO", "");

    protected override async Task<List<(TRecord Record, double Score)>> SearchAsync(
        ReadOnlyMemory<float> query,
        int top,
        VectorSearchOptions<TRecord> options,
        CancellationToken cancellationToken
    )
    {
        var (cache, properties) = (cacheOf(VectorProperty!), Properties(options.IncludeVectors));
        for (var attempt = 1; ; attempt++)
        {
            var rows = options.Filter is null ? null : await RowsAsync(options, cancellationToken);
            // The scan keeps cores busy; the caller's thread is not to be one of them.
            var nearest = await Task.Run(() => cache.Search(query, rows, top + options.Skip, cancellationToken), cancellationToken);
            var found = nearest.Skip(options.Skip).ToArray();
            var records = await RecordsAsync([.. found.Select(hit => hit.Row)], properties, cancellationToken);
            if (records.Count == found.Length || attempt == Attempts)
                return [.. found.Where(hit => records.ContainsKey(hit.Row)).Select(hit => (records[hit.Row], (double)hit.Score))];
        }
    }

    private Task<List<long>> RowsAsync(VectorSearchOptions<TRecord> options, CancellationToken cancellationToken)
    {
        var parameters = new List<object?>();
        var condition = SqlFilter.Translate(options.Filter!, Model, Database, parameters);
        return Database.ReadAsync<long>(
            $"SELECT {VectorCache.RowNumber} FROM {Table} WHERE {condition} ORDER BY {VectorCache.RowNumber}",
            [.. parameters],
            cancellationToken
        );
    }

    private Task<Dictionary<long, TRecord>> RecordsAsync(long[] rows, PropertyModel[] properties, CancellationToken cancellationToken) =>
        Database.RunAsync(
            writes: false,
            async connection =>
            {
                await using var command = Database.Command(
                    connection,
                    $"SELECT {Columns(properties)}, {VectorCache.RowNumber} FROM {Table} WHERE {VectorCache.RowNumber} IN "
                        + $"({string.Join(", ", rows)})"
                );
                await using var reader = await command.ExecuteReaderAsync(cancellationToken);
                var records = new Dictionary<long, TRecord>();
                while (await reader.ReadAsync(cancellationToken))
                    records.Add(reader.GetInt64(properties.Length), Read(reader, properties));
                return records;
            },
            cancellationToken
        );

    private string Define(PropertyModel property) =>
        property switch
        {
            KeyPropertyModel => $"{Column(property)} TEXT NOT NULL UNIQUE",
            VectorPropertyModel vector => $"{Column(property)} {Database.VectorType(vector.Dimensions)} NOT NULL",
            _ => $"{Column(property)} {Database.ColumnType(property.Type)}",
        };
}
