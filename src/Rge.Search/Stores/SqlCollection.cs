using System.Data.Common;
using System.Linq.Expressions;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.VectorData;
using Microsoft.Extensions.VectorData.ProviderServices;

namespace Rge.Search.Stores;

/// <summary>A table of records: everything but the search, which the two databases do in ways of their own. Thread-safe.</summary>
internal abstract class SqlCollection<TKey, TRecord> : VectorStoreCollection<TKey, TRecord>
    where TKey : notnull
    where TRecord : class
{
    /// <summary>Keys that one statement names; SQLite allows 32,766 parameters, but plans for few.</summary>
    private const int KeysPerStatement = 500;

    private readonly SqlVectorStore _store;
    private readonly VectorStoreCollectionMetadata _metadata;

    protected SqlCollection(SqlVectorStore store, SqlDatabase database, string name, CollectionModel model)
    {
        (_store, Database, Name, Model, Table) = (store, database, name, model, SqlDatabase.Quote(name));
        VectorProperty = model.VectorProperties.SingleOrDefault();
        if (VectorProperty is { DistanceFunction: not (null or DistanceFunction.CosineSimilarity) })
            throw new NotSupportedException(
                $"{VectorProperty.ModelName} is compared by {VectorProperty.DistanceFunction}, expected "
                    + $"{DistanceFunction.CosineSimilarity}."
            );
        _metadata = new VectorStoreCollectionMetadata
        {
            VectorStoreSystemName = database.SystemName,
            VectorStoreName = database.Name,
            CollectionName = name,
        };
    }

    public sealed override string Name { get; }

    protected SqlDatabase Database { get; }

    protected CollectionModel Model { get; }

    /// <summary>The quoted name of the table.</summary>
    protected string Table { get; }

    protected string KeyColumn => Column(Model.KeyProperty);

    protected VectorPropertyModel? VectorProperty { get; }

    /// <summary>The statements that create the table and its indices where they do not exist yet.</summary>
    protected abstract IEnumerable<string> Definition { get; }

    /// <summary>The start of the statement that inserts or replaces a row, up to the columns.</summary>
    protected abstract (string Head, string Tail) Upsert { get; }

    public override Task<bool> CollectionExistsAsync(CancellationToken cancellationToken = default) =>
        _store.CollectionExistsAsync(Name, cancellationToken);

    public override Task EnsureCollectionExistsAsync(CancellationToken cancellationToken = default) =>
        Database.RunAsync(
            writes: true,
            async connection =>
            {
                foreach (var statement in (IEnumerable<string>)[Database.LockSchema, .. Definition])
                {
                    await using var command = Database.Command(connection, statement);
                    await command.ExecuteNonQueryAsync(cancellationToken);
                }
                await Database.MarkSchemaAsync(connection, cancellationToken);
                return true;
            },
            cancellationToken
        );

    public override Task EnsureCollectionDeletedAsync(CancellationToken cancellationToken = default) =>
        _store.EnsureCollectionDeletedAsync(Name, cancellationToken);

    public override Task UpsertAsync(TRecord record, CancellationToken cancellationToken = default) =>
        UpsertAsync([record], cancellationToken);

    /// <summary>Writes records, all of them or none.</summary>
    public override Task UpsertAsync(IEnumerable<TRecord> records, CancellationToken cancellationToken = default)
    {
        // In the order of keys, so that two writers of the same records do not wait for each other.
        TRecord[] ordered = [.. records.OrderBy(Key, StringComparer.Ordinal)];
        if (ordered.Length == 0)
            return Task.CompletedTask;
        var columns = string.Join(", ", Model.Properties.Select(Column));
        var values = string.Join(", ", Model.Properties.Select((_, i) => $"@p{i}"));
        var statement = $"{Upsert.Head} {Table} ({columns}) VALUES ({values}) {Upsert.Tail}";
        return Database.RunAsync(
            writes: true,
            async connection =>
            {
                foreach (var record in ordered)
                {
                    await using var command = Database.Command(
                        connection,
                        statement,
                        Model.Properties.Select(property => property.GetValueAsObject(record))
                    );
                    await command.ExecuteNonQueryAsync(cancellationToken);
                }
                return true;
            },
            cancellationToken
        );
    }

    public override async Task<TRecord?> GetAsync(
        TKey key,
        RecordRetrievalOptions? options = null,
        CancellationToken cancellationToken = default
    ) => await GetAsync([key], options, cancellationToken).FirstOrDefaultAsync(cancellationToken);

    public override async IAsyncEnumerable<TRecord> GetAsync(
        IEnumerable<TKey> keys,
        RecordRetrievalOptions? options = null,
        [EnumeratorCancellation] CancellationToken cancellationToken = default
    )
    {
        ArgumentNullException.ThrowIfNull(keys);
        var properties = Properties(options?.IncludeVectors ?? false);
        foreach (var some in keys.Cast<object?>().Chunk(KeysPerStatement))
        {
            var query = $"SELECT {Columns(properties)} FROM {Table} WHERE {KeyColumn} IN ({Places(some.Length)})";
            foreach (var record in await RecordsAsync(query, some, properties, cancellationToken))
                yield return record;
        }
    }

    public override async IAsyncEnumerable<TRecord> GetAsync(
        Expression<Func<TRecord, bool>> filter,
        int top,
        FilteredRecordRetrievalOptions<TRecord>? options = null,
        [EnumeratorCancellation] CancellationToken cancellationToken = default
    )
    {
        ArgumentNullException.ThrowIfNull(filter);
        ArgumentOutOfRangeException.ThrowIfLessThan(top, 1);
        options ??= new FilteredRecordRetrievalOptions<TRecord>();
        var (properties, parameters) = (Properties(options.IncludeVectors), new List<object?>());
        var condition = SqlFilter.Translate(filter, Model, Database, parameters);
        var order = (options.OrderBy?.Invoke(new()).Values ?? []).Select(by =>
            $"{Column(Model.GetDataOrKeyProperty(by.PropertySelector))} {(by.Ascending ? "ASC" : "DESC")}, "
        );
        var query =
            $"SELECT {Columns(properties)} FROM {Table} WHERE {condition} ORDER BY {string.Concat(order)}{KeyColumn} LIMIT {top} "
            + $"OFFSET {options.Skip}";
        foreach (var record in await RecordsAsync(query, parameters, properties, cancellationToken))
            yield return record;
    }

    public override Task DeleteAsync(TKey key, CancellationToken cancellationToken = default) => DeleteAsync([key], cancellationToken);

    /// <summary>Deletes records, all of them or none.</summary>
    public override Task DeleteAsync(IEnumerable<TKey> keys, CancellationToken cancellationToken = default)
    {
        string[] ordered = [.. keys.Select(key => (string)(object)key).Order(StringComparer.Ordinal)];
        if (ordered.Length == 0)
            return Task.CompletedTask;
        return Database.RunAsync(
            writes: true,
            async connection =>
            {
                foreach (var some in ordered.Chunk(KeysPerStatement))
                {
                    await using var command = Database.Command(
                        connection,
                        $"DELETE FROM {Table} WHERE {KeyColumn} IN ({Places(some.Length)})",
                        some
                    );
                    await command.ExecuteNonQueryAsync(cancellationToken);
                }
                return true;
            },
            cancellationToken
        );
    }

    public override async IAsyncEnumerable<VectorSearchResult<TRecord>> SearchAsync<TInput>(
        TInput searchValue,
        int top,
        VectorSearchOptions<TRecord>? options = null,
        [EnumeratorCancellation] CancellationToken cancellationToken = default
    )
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(top, 1);
        options ??= new VectorSearchOptions<TRecord>();
        var vector = Model.GetVectorPropertyOrSingle(options);
        var query = searchValue switch
        {
            ReadOnlyMemory<float> memory => memory,
            float[] array => array,
            Embedding<float> embedding => embedding.Vector,
            _ => throw new NotSupportedException(
                $"It was searched with a {typeof(TInput).Name}, expected ReadOnlyMemory<float>, float[] or Embedding<float>."
            ),
        };
        if (query.Length != vector.Dimensions)
            throw new ArgumentException($"The vector has {query.Length} dimensions, expected {vector.Dimensions}.", nameof(searchValue));
        foreach (var (record, score) in await SearchAsync(query, top, options, cancellationToken))
            if (options.ScoreThreshold is not { } least || score >= least)
                yield return new VectorSearchResult<TRecord>(record, score);
    }

    /// <summary>The collection's metadata, its <see cref="IRecordCounter"/>, or the collection itself, by type.</summary>
    public override object? GetService(Type serviceType, object? serviceKey = null)
    {
        if (serviceKey is not null)
            return null;
        return serviceType == typeof(IRecordCounter)
            ? new RecordCounter(this)
            : new object[] { _metadata, this }.FirstOrDefault(serviceType.IsInstanceOfType);
    }

    /// <summary>The records nearest to a vector of the right length, best first, with the cosine.</summary>
    protected abstract Task<List<(TRecord Record, double Score)>> SearchAsync(
        ReadOnlyMemory<float> query,
        int top,
        VectorSearchOptions<TRecord> options,
        CancellationToken cancellationToken
    );

    /// <summary>The properties that a query asks for.</summary>
    protected PropertyModel[] Properties(bool includeVectors) =>
        [.. Model.Properties.Where(property => includeVectors || property is not VectorPropertyModel)];

    protected static bool IsList(PropertyModel property) => property.Type == typeof(List<string>) || property.Type == typeof(string[]);

    protected static string Column(PropertyModel property) => SqlDatabase.Quote(property.StorageName);

    protected static string Columns(IEnumerable<PropertyModel> properties) => string.Join(", ", properties.Select(Column));

    protected static string Places(int count) => string.Join(", ", Enumerable.Range(0, count).Select(i => $"@p{i}"));

    /// <summary>The record in the first columns of a row.</summary>
    protected TRecord Read(DbDataReader reader, PropertyModel[] properties)
    {
        var record = Model.CreateRecord<TRecord>();
        foreach (var (i, property) in properties.Index())
        {
            try
            {
                var type = Nullable.GetUnderlyingType(property.Type) ?? property.Type;
                property.SetValueAsObject(record, reader.IsDBNull(i) ? null : Database.FromColumn(reader.GetValue(i), type));
            }
            // SQLite keeps anything in any column.
            catch (Exception e)
                when (e is JsonException or InvalidCastException or FormatException or OverflowException or ArgumentException)
            {
                var key = reader.GetValue(Array.IndexOf(properties, Model.KeyProperty)).ToString() ?? "";
                var problem = $"has a {property.StorageName} that cannot be read";
                throw StoreException.Damaged(Database.SystemName, Database.Name, Name, key, problem, e);
            }
        }
        return record;
    }

    private string Key(TRecord record) =>
        Model.KeyProperty.GetValueAsObject(record) as string
        ?? throw new ArgumentException($"A record has no {Model.KeyProperty.ModelName}, which is its key.", nameof(record));

    private Task<List<TRecord>> RecordsAsync(
        string query,
        IReadOnlyList<object?> parameters,
        PropertyModel[] properties,
        CancellationToken cancellationToken
    ) =>
        Database.RunAsync(
            writes: false,
            async connection =>
            {
                await using var command = Database.Command(connection, query, parameters);
                await using var reader = await command.ExecuteReaderAsync(cancellationToken);
                var records = new List<TRecord>();
                while (await reader.ReadAsync(cancellationToken))
                    records.Add(Read(reader, properties));
                return records;
            },
            cancellationToken
        );

    private sealed class RecordCounter(SqlCollection<TKey, TRecord> collection) : IRecordCounter
    {
        public async Task<long> CountAsync(LambdaExpression? filter, CancellationToken cancellationToken = default)
        {
            var (database, parameters) = (collection.Database, new List<object?>());
            var condition = filter is null ? "TRUE" : SqlFilter.Translate(filter, collection.Model, database, parameters);
            return (
                await database.ReadAsync<long>(
                    $"SELECT count(*) FROM {collection.Table} WHERE {condition}",
                    [.. parameters],
                    cancellationToken
                )
            )[0];
        }
    }
}
