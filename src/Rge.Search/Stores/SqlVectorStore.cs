using System.Runtime.CompilerServices;
using Microsoft.Extensions.VectorData;
using Microsoft.Extensions.VectorData.ProviderServices;

namespace Rge.Search.Stores;

/// <summary>
/// A store whose collections are tables: records with a string as key, at most one vector, compared by cosine. Thread-safe.
/// </summary>
public abstract class SqlVectorStore : VectorStore
{
    private readonly VectorStoreMetadata _metadata;
    private readonly SqlWorkClaims _claims;

    private protected SqlVectorStore(SqlDatabase database)
    {
        Database = database;
        _metadata = new VectorStoreMetadata { VectorStoreSystemName = database.SystemName, VectorStoreName = database.Name };
        _claims = new SqlWorkClaims(database);
    }

    private protected SqlDatabase Database { get; }

    /// <summary>Called with a sentence when a call has to wait because another process has locked the store; on any thread.</summary>
    public IProgress<string>? Waiting
    {
        get => Database.Waiting;
        set => Database.Waiting = value;
    }

    /// <inheritdoc/>
    /// <exception cref="NotSupportedException">The record has something that a table cannot hold.</exception>
    public override VectorStoreCollection<TKey, TRecord> GetCollection<TKey, TRecord>(
        string name,
        VectorStoreCollectionDefinition? definition = null
    )
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        if (typeof(TKey) != typeof(string))
            throw new NotSupportedException($"Keys are of {typeof(TKey).Name}, expected String.");
        if (typeof(TRecord) == typeof(Dictionary<string, object?>))
            throw new NotSupportedException("A collection of dictionaries is a dynamic one: call GetDynamicCollection.");
        return Create<TKey, TRecord>(
            name,
            new SqlModelBuilder().Build(typeof(TRecord), typeof(TKey), definition, defaultEmbeddingGenerator: null)
        );
    }

    /// <inheritdoc/>
    public override VectorStoreCollection<object, Dictionary<string, object?>> GetDynamicCollection(
        string name,
        VectorStoreCollectionDefinition definition
    )
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        return Create<object, Dictionary<string, object?>>(
            name,
            new SqlModelBuilder().BuildDynamic(definition, defaultEmbeddingGenerator: null)
        );
    }

    /// <inheritdoc/>
    public override async IAsyncEnumerable<string> ListCollectionNamesAsync(
        [EnumeratorCancellation] CancellationToken cancellationToken = default
    )
    {
        foreach (var name in await Database.ReadAsync<string>(Database.TableNames, [], cancellationToken))
            if (!Database.IsOwnTable(name))
                yield return name;
    }

    /// <inheritdoc/>
    public override async Task<bool> CollectionExistsAsync(string name, CancellationToken cancellationToken = default) =>
        (await Database.ReadAsync<string>(Database.TableNames, [], cancellationToken)).Contains(name);

    /// <inheritdoc/>
    public override Task EnsureCollectionDeletedAsync(string name, CancellationToken cancellationToken = default) =>
        Database.ExecuteAsync([Database.LockSchema, $"DROP TABLE IF EXISTS {SqlDatabase.Quote(name)}"], cancellationToken);

    /// <summary>The store's metadata, its <see cref="IWorkClaims"/>, or the store itself, by type.</summary>
    public override object? GetService(Type serviceType, object? serviceKey = null)
    {
        ArgumentNullException.ThrowIfNull(serviceType);
        return serviceKey is not null ? null : new object[] { _metadata, _claims, this }.FirstOrDefault(serviceType.IsInstanceOfType);
    }

    private protected abstract VectorStoreCollection<TKey, TRecord> Create<TKey, TRecord>(string name, CollectionModel model)
        where TKey : notnull
        where TRecord : class;

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
            Database.Dispose();
        base.Dispose(disposing);
    }
}
