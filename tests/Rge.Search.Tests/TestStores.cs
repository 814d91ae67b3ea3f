using Microsoft.Extensions.VectorData;
using Rge.Search.Stores.Postgres;
using Rge.Search.Stores.Sqlite;
using Rge.Tests.Shared.Stores;

namespace Rge.Search.Tests;

/// <summary>Where the stores of one test keep their data.</summary>
public interface ITestStores : IAsyncDisposable
{
    /// <summary>Opens a store over the data, as another process would.</summary>
    VectorStore Open();
}

/// <summary>A SQLite file.</summary>
internal sealed class SqliteFile : ITestStores
{
    private readonly string _folder = Directory.CreateTempSubdirectory("rge-search-").FullName;

    public string Path => System.IO.Path.Combine(_folder, "store.db");

    public VectorStore Open() => new SqliteVectorStore(Path);

    public ValueTask DisposeAsync()
    {
        Directory.Delete(_folder, recursive: true);
        return ValueTask.CompletedTask;
    }
}

/// <summary>A schema of a PostgreSQL server; skips the test where there is no server.</summary>
internal sealed class PostgresSchema : ITestStores
{
    private PostgresSchema(string connection) => Connection = connection;

    public string Connection { get; }

    public static async Task<PostgresSchema> CreateAsync(PostgresServer server)
    {
        if (PostgresServer.Problem is { } problem)
            Assert.Skip(problem);
        return new PostgresSchema(await server.CreateSchemaAsync());
    }

    public VectorStore Open() => new PostgresVectorStore(Connection);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}

/// <summary>A store without anything that VectorData does not ask for, as those of others are: no claims, no counting.</summary>
internal sealed class PlainStores : ITestStores
{
    private readonly SqliteFile _file = new();

    public VectorStore Open() => new PlainStore(_file.Open());

    public ValueTask DisposeAsync() => _file.DisposeAsync();

    private sealed class PlainStore(VectorStore inner) : VectorStore
    {
        public override VectorStoreCollection<TKey, TRecord> GetCollection<TKey, TRecord>(
            string name,
            VectorStoreCollectionDefinition? definition = null
        ) => new PlainCollection<TKey, TRecord>(inner.GetCollection<TKey, TRecord>(name, definition));

        public override VectorStoreCollection<object, Dictionary<string, object?>> GetDynamicCollection(
            string name,
            VectorStoreCollectionDefinition definition
        ) => inner.GetDynamicCollection(name, definition);

        public override IAsyncEnumerable<string> ListCollectionNamesAsync(CancellationToken cancellationToken = default) =>
            inner.ListCollectionNamesAsync(cancellationToken);

        public override Task<bool> CollectionExistsAsync(string name, CancellationToken cancellationToken = default) =>
            inner.CollectionExistsAsync(name, cancellationToken);

        public override Task EnsureCollectionDeletedAsync(string name, CancellationToken cancellationToken = default) =>
            inner.EnsureCollectionDeletedAsync(name, cancellationToken);

        public override object? GetService(Type serviceType, object? serviceKey = null) => null;

        protected override void Dispose(bool disposing)
        {
            if (disposing)
                inner.Dispose();
            base.Dispose(disposing);
        }
    }

    private sealed class PlainCollection<TKey, TRecord>(VectorStoreCollection<TKey, TRecord> inner) : VectorStoreCollection<TKey, TRecord>
        where TKey : notnull
        where TRecord : class
    {
        public override string Name => inner.Name;

        public override Task<bool> CollectionExistsAsync(CancellationToken cancellationToken = default) =>
            inner.CollectionExistsAsync(cancellationToken);

        public override Task EnsureCollectionExistsAsync(CancellationToken cancellationToken = default) =>
            inner.EnsureCollectionExistsAsync(cancellationToken);

        public override Task EnsureCollectionDeletedAsync(CancellationToken cancellationToken = default) =>
            inner.EnsureCollectionDeletedAsync(cancellationToken);

        public override Task<TRecord?> GetAsync(
            TKey key,
            RecordRetrievalOptions? options = null,
            CancellationToken cancellationToken = default
        ) => inner.GetAsync(key, options, cancellationToken);

        public override IAsyncEnumerable<TRecord> GetAsync(
            System.Linq.Expressions.Expression<Func<TRecord, bool>> filter,
            int top,
            FilteredRecordRetrievalOptions<TRecord>? options = null,
            CancellationToken cancellationToken = default
        ) => inner.GetAsync(filter, top, options, cancellationToken);

        public override Task DeleteAsync(TKey key, CancellationToken cancellationToken = default) =>
            inner.DeleteAsync(key, cancellationToken);

        public override Task UpsertAsync(TRecord record, CancellationToken cancellationToken = default) =>
            inner.UpsertAsync(record, cancellationToken);

        public override Task UpsertAsync(IEnumerable<TRecord> records, CancellationToken cancellationToken = default) =>
            inner.UpsertAsync(records, cancellationToken);

        public override IAsyncEnumerable<VectorSearchResult<TRecord>> SearchAsync<TInput>(
            TInput searchValue,
            int top,
            VectorSearchOptions<TRecord>? options = null,
            CancellationToken cancellationToken = default
        ) => inner.SearchAsync(searchValue, top, options, cancellationToken);

        public override object? GetService(Type serviceType, object? serviceKey = null) => null;
    }
}
