using System.Globalization;
using Microsoft.Extensions.VectorData;
using Microsoft.Extensions.VectorData.ProviderServices;

namespace Rge.Search.Stores.Postgres;

/// <summary>
/// A collection in PostgreSQL. An HNSW index holds the vectors in half precision, which halves it and allows 4,000 dimensions instead of
/// 2,000; what it finds is ordered and scored by the exact vectors.
/// </summary>
internal sealed class PostgresCollection<TKey, TRecord> : SqlCollection<TKey, TRecord>
    where TKey : notnull
    where TRecord : class
{
    private const int MaxIndexedDimensions = 4000;

    /// <summary>The most candidates that pgvector lets a search of its index keep.</summary>
    private const int MaxCandidates = 1000;

    private readonly bool _approximate;

    /// <exception cref="NotSupportedException">The index is of another kind, or the vector too long for it.</exception>
    public PostgresCollection(PostgresVectorStore store, PostgresDatabase database, string name, CollectionModel model)
        : base(store, database, name, model)
    {
        _approximate = VectorProperty?.IndexKind switch
        {
            null or IndexKind.Flat => false,
            IndexKind.Hnsw => true,
            var other => throw new NotSupportedException(
                $"The index of {VectorProperty.ModelName} is {other}, expected {IndexKind.Hnsw} or {IndexKind.Flat}."
            ),
        };
        if (_approximate && VectorProperty!.Dimensions > MaxIndexedDimensions)
            throw new NotSupportedException(
                $"{VectorProperty.ModelName} has {VectorProperty.Dimensions} dimensions, but an index holds {MaxIndexedDimensions} at "
                    + "most: take fewer dimensions, or exact search."
            );
    }

    protected override IEnumerable<string> Definition =>
        [
            $"CREATE TABLE IF NOT EXISTS {Table} ({string.Join(", ", Model.Properties.Select(Define))})",
            .. Model
                .DataProperties.Where(property => property.IsIndexed)
                .Select(property =>
                    $"CREATE INDEX IF NOT EXISTS {IndexOf(property)} ON {Table} USING {(IsList(property) ? "gin" : "btree")} "
                    + $"({Column(property)})"
                ),
            .. _approximate
                ?
                [
                    $"CREATE INDEX IF NOT EXISTS {IndexOf(VectorProperty!)} ON {Table} USING hnsw (({Half(Column(VectorProperty!))}) "
                        + "halfvec_cosine_ops)",
                ]
                : Array.Empty<string>(),
        ];

    protected override (string Head, string Tail) Upsert =>
        (
            "INSERT INTO",
            $"ON CONFLICT ({KeyColumn}) DO UPDATE SET "
                + $"{string.Join(", ", Model.Properties.Select(property => $"{Column(property)} = excluded.{Column(property)}"))}"
        );

    protected override Task<List<(TRecord Record, double Score)>> SearchAsync(
        ReadOnlyMemory<float> query,
        int top,
        VectorSearchOptions<TRecord> options,
        CancellationToken cancellationToken
    )
    {
        var (properties, parameters) = (Properties(options.IncludeVectors), new List<object?> { query });
        var condition = options.Filter is null ? "TRUE" : SqlFilter.Translate(options.Filter, Model, Database, parameters);
        var distance = $"{Column(VectorProperty!)} <=> @p0";
        var candidates = Math.Clamp(4 * (top + options.Skip), 100, MaxCandidates);
        var source = _approximate
            ? $"(SELECT * FROM {Table} WHERE {condition} ORDER BY {Half(Column(VectorProperty!))} <=> {Half("@p0")} LIMIT "
                + $"{Math.Max(candidates, top + options.Skip)})"
            : $"(SELECT * FROM {Table} WHERE {condition})";
        var text =
            $"SELECT {Columns(properties)}, 1 - ({distance}) FROM {source} candidates ORDER BY {distance}, {KeyColumn} LIMIT {top} "
            + $"OFFSET {options.Skip}";
        return Database.RunAsync(
            writes: false,
            async connection =>
            {
                if (_approximate)
                {
                    // The scan of the index continues to replace hits that a filter refuses.
                    await using var settings = Database.Command(
                        connection,
                        $"SET LOCAL hnsw.ef_search = {candidates.ToString(CultureInfo.InvariantCulture)}; SET LOCAL "
                            + "hnsw.iterative_scan = 'strict_order'"
                    );
                    await settings.ExecuteNonQueryAsync(cancellationToken);
                }
                await using var command = Database.Command(connection, text, parameters);
                await using var reader = await command.ExecuteReaderAsync(cancellationToken);
                var found = new List<(TRecord, double)>();
                while (await reader.ReadAsync(cancellationToken))
                    found.Add((Read(reader, properties), reader.GetDouble(properties.Length)));
                return found;
            },
            cancellationToken
        );
    }

    private string Half(string vector) => $"{vector}::halfvec({VectorProperty!.Dimensions})";

    private string IndexOf(PropertyModel property) => SqlDatabase.Quote($"{Name}.{property.StorageName}");

    private string Define(PropertyModel property) =>
        property switch
        {
            KeyPropertyModel => $"{Column(property)} {Database.ColumnType(property.Type)} PRIMARY KEY",
            VectorPropertyModel vector => $"{Column(property)} {Database.VectorType(vector.Dimensions)} NOT NULL",
            _ => $"{Column(property)} {Database.ColumnType(property.Type)}",
        };
}
