using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.Extensions.VectorData;
using Rge.Search.Stores;
using Rge.Search.Stores.Postgres;
using Rge.Search.Stores.Sqlite;

namespace Rge.Search.Collections;

/// <summary>The collections of a store. Thread-safe.</summary>
/// <remarks>
/// Any VectorData store will do that takes collections without a vector. Those whose GetService gives <see cref="IWorkClaims"/>, as
/// <see cref="SqliteVectorStore"/> and <see cref="PostgresVectorStore"/> do, may be written by several processes at once; others by one.
/// </remarks>
public sealed class SearchCollections : IDisposable
{
    /// <summary>Scope of the claims that keep two from making the same collection.</summary>
    private const string ClaimScope = "rge_collections";

    private const string PingScope = "rge_ping";

    internal static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
    };

    private readonly VectorStore _store;
    private readonly IWorkClaims _claims;
    private readonly VectorStoreCollection<string, CatalogRecord> _catalog;
    private volatile bool _catalogExists;

    /// <summary>Takes a store, which is disposed with this.</summary>
    public SearchCollections(VectorStore store)
    {
        ArgumentNullException.ThrowIfNull(store);
        _store = store;
        _claims = store.GetService(typeof(IWorkClaims)) as IWorkClaims ?? new LocalWorkClaims();
        _catalog = CollectionTables.Catalog(store);
    }

    /// <summary>Opens a store by what a user writes: a PostgreSQL connection string, or else the path of a SQLite file.</summary>
    /// <param name="location"><c>postgresql://user@host/database</c>, <c>Host=…;Database=…</c>, or a path.</param>
    /// <param name="waiting">Called with a sentence when a call waits because another process has locked the store; on any thread.</param>
    /// <exception cref="ArgumentException">The connection string cannot be understood.</exception>
    public static SearchCollections Open(string location, IProgress<string>? waiting = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(location);
        var store = StoreKind.FromLocation(location).Open(location);
        store.Waiting = waiting;
        return new SearchCollections(store);
    }

    /// <summary>Whether a location is a server; otherwise it is a file.</summary>
    public static bool IsServer(string location)
    {
        ArgumentNullException.ThrowIfNull(location);
        return StoreKind.FromLocation(location).IsServer;
    }

    /// <summary>Creates a collection, or opens the existing one.</summary>
    /// <param name="name">1 to 40 lower-case letters, digits, <c>-</c> and <c>_</c>, a letter first.</param>
    /// <param name="identity">The identity of its vectors.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <exception cref="SearchException">The name or the dimensions are invalid, or the collection was made with something
    /// else.</exception>
    /// <exception cref="VectorStoreException">The store fails.</exception>
    public async Task<SearchCollection> CreateAsync(string name, CollectionIdentity identity, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(identity);
        Check(name);
        // Once it is in the catalog, a collection that cannot be opened would break every listing of the store.
        if (identity.Dimensions < 1)
            throw new SearchException($"The collection {name} cannot have {identity.Dimensions} dimensions, expected 1 or more.");
        if (await LookUpAsync(name, cancellationToken) is null)
        {
            await _catalog.EnsureCollectionExistsAsync(cancellationToken);
            await using var claim = new ClaimHolder(_claims, ClaimScope);
            await claim.WaitForAsync([name], cancellationToken);
            if (await LookUpAsync(name, cancellationToken) is null)
                await MakeAsync(name, identity, cancellationToken);
        }
        var collection = await OpenAsync(name, cancellationToken);
        collection.Require(identity);
        return collection;
    }

    /// <summary>Creates a collection that is not in the catalog, completely or not at all.</summary>
    private async Task MakeAsync(string name, CollectionIdentity identity, CancellationToken cancellationToken)
    {
        using var tables = new CollectionTables(_store, name, identity);
        if (await tables.FindExistingAsync(cancellationToken) is { } table)
            throw new SearchException(
                $"The store has a table {table} that is no collection's; "
                    + $"choose another name than {name} for the collection, or another store."
            );
        // The entry first: tables without one would be taken for those of another program.
        var entry = new CatalogRecord { Name = name, Identity = JsonSerializer.Serialize(identity, Json) };
        await _catalog.UpsertAsync(entry, cancellationToken);
        try
        {
            await tables.EnsureExistAsync(cancellationToken);
        }
        catch (Exception e) when (e is VectorStoreException or NotSupportedException or OperationCanceledException)
        {
            await UndoAsync(name, tables);
            throw;
        }
    }

    private async Task UndoAsync(string name, CollectionTables tables)
    {
        try
        {
            await _catalog.DeleteAsync(name, CancellationToken.None);
            await tables.DeleteAsync(CancellationToken.None);
        }
        catch (VectorStoreException)
        {
            // A store that is away keeps the entry, and makes the tables when the collection is opened.
        }
    }

    /// <summary>The identity of a collection; <see langword="null"/> where none has the name.</summary>
    /// <exception cref="SearchException">The name is invalid.</exception>
    /// <exception cref="VectorStoreException">The store fails.</exception>
    public async Task<CollectionIdentity?> FindAsync(string name, CancellationToken cancellationToken = default)
    {
        Check(name);
        return await LookUpAsync(name, cancellationToken);
    }

    /// <summary>Opens a collection.</summary>
    /// <exception cref="SearchException">There is no such collection.</exception>
    /// <exception cref="VectorStoreException">The store fails.</exception>
    public async Task<SearchCollection> OpenAsync(string name, CancellationToken cancellationToken = default)
    {
        Check(name);
        if (await LookUpAsync(name, cancellationToken) is not { } identity)
        {
            var others = await ListAsync(cancellationToken);
            throw new SearchException(
                $"There is no collection {name}; "
                    + $"{(others.Count == 0 ? "the store has none" : $"the store has {string.Join(", ", others.Keys)}")}."
            );
        }
        var tables = new CollectionTables(_store, name, identity);
        // A store that can only be read is searched all the same.
        if (!await tables.CanBeReadAsync(cancellationToken))
            await tables.EnsureExistAsync(cancellationToken);
        return new SearchCollection(name, identity, tables, _claims);
    }

    /// <summary>The names and identities of all collections.</summary>
    /// <exception cref="VectorStoreException">The store fails.</exception>
    public async Task<IReadOnlyDictionary<string, CollectionIdentity>> ListAsync(CancellationToken cancellationToken = default)
    {
        const int Page = 1000;
        var all = new SortedDictionary<string, CollectionIdentity>(StringComparer.Ordinal);
        if (!await HasCatalogAsync(cancellationToken))
            return all;
        for (var before = -1; all.Count > before && all.Count % Page == 0; )
        {
            before = all.Count;
            await foreach (
                var entry in _catalog.GetAsync(
                    _ => true,
                    Page,
                    new() { Skip = before, OrderBy = by => by.Ascending(c => c.Name) },
                    cancellationToken
                )
            )
                all.Add(entry.Name, Identity(entry));
        }
        return all;
    }

    /// <summary>Deletes a collection and everything in it. Callers that use it meanwhile get errors of the store.</summary>
    /// <returns>Whether there was one.</returns>
    /// <exception cref="VectorStoreException">The store fails.</exception>
    public async Task<bool> DeleteAsync(string name, CancellationToken cancellationToken = default)
    {
        Check(name);
        if (await LookUpAsync(name, cancellationToken) is not { } identity)
            return false;
        using var tables = new CollectionTables(_store, name, identity);
        await tables.DeleteAsync(cancellationToken);
        await _catalog.DeleteAsync(name, cancellationToken);
        return true;
    }

    private async Task<CollectionIdentity?> LookUpAsync(string name, CancellationToken cancellationToken) =>
        await HasCatalogAsync(cancellationToken) && await _catalog.GetAsync(name, cancellationToken: cancellationToken) is { } entry
            ? Identity(entry)
            : null;

    /// <summary>Whether a collection was ever made here; nothing is written to find out.</summary>
    private async Task<bool> HasCatalogAsync(CancellationToken cancellationToken) =>
        _catalogExists || (_catalogExists = await _catalog.CollectionExistsAsync(cancellationToken));

    private static CollectionIdentity Identity(CatalogRecord entry) =>
        JsonSerializer.Deserialize<CollectionIdentity>(entry.Identity, Json)!;

    /// <summary>Checks the name of a collection.</summary>
    /// <exception cref="SearchException">It is not 1 to 40 lower-case letters, digits, <c>-</c> and <c>_</c>, a letter first.</exception>
    public static void Check(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (
            name.Length is 0 or > 40
            || !char.IsAsciiLetterLower(name[0])
            || !name.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '-' or '_')
        )
            throw new SearchException(
                $"'{(name.Length <= 100 ? name : name[..100] + "…")}' is no name for a collection, expected 1 to 40 lower-case "
                    + "letters, digits, - and _, a letter first."
            );
    }

    /// <summary>Asks the store whether it can be used, cheaply enough for a health check.</summary>
    /// <param name="writes">Whether to test a write, too, which is rolled back; only stores that several processes may fill are written
    /// to.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="VectorStoreException">It cannot; a <see cref="StoreException"/> where it can be reached and the reason is
    /// known.</exception>
    public async Task PingAsync(bool writes = false, CancellationToken cancellationToken = default)
    {
        await _catalog.CollectionExistsAsync(cancellationToken);
        if (!writes)
            return;
        var (worker, key) = ($"ping.{Guid.NewGuid():N}", "ping");
        await _claims.AcquireAsync(PingScope, worker, [key], TimeSpan.FromSeconds(1), cancellationToken);
        await _claims.ReleaseAsync(PingScope, worker, [key], cancellationToken);
    }

    /// <summary>Closes the store.</summary>
    public void Dispose()
    {
        _catalog.Dispose();
        _store.Dispose();
    }
}
