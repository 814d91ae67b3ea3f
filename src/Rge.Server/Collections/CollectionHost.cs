using Microsoft.AspNetCore.Http;
using Rge.Search;
using Rge.Search.Collections;
using Rge.Search.Indexing;
using Rge.Server.Errors;
using Rge.Server.Serving;

namespace Rge.Server.Collections;

/// <summary>
/// The collections of the store, each opened once. Another process may make, fill and delete them meanwhile. Thread-safe.
/// </summary>
internal sealed class CollectionHost : IDisposable
{
    private readonly ModelHost _model;
    private readonly Lazy<CollectionIdentity> _identity;
    private readonly SearchCollections? _store;
    private readonly IndexOptions _indexing;
    private readonly SemaphoreSlim _opening = new(1);

    // Those that were made anew are disposed at the end with the others: requests may still use them.
    private readonly Dictionary<string, Stack<ServedCollection>> _opened = new(StringComparer.Ordinal);

    /// <exception cref="ServerException">The store cannot be understood, or the folder of its file is missing.</exception>
    public CollectionHost(ServerOptions options, ModelHost model)
    {
        _model = model;
        // Asked for before the model is loaded it throws, and is asked again.
        _identity = new Lazy<CollectionIdentity>(() => CollectionIdentity.For(model.Model.Embedder), LazyThreadSafetyMode.PublicationOnly);
        // Who waits for an answer is not to wait for a store that is away.
        _indexing = new IndexOptions { StoreRetryTimeout = TimeSpan.Zero, ImageLimits = options.Limits.ToImageLimits() };
        if (options.Store is not { } location)
            return;
        if (!SearchCollections.IsServer(location) && !Directory.Exists(Path.GetDirectoryName(Path.GetFullPath(location))))
            throw new ServerException($"The store is {location}, whose folder does not exist.");
        try
        {
            _store = SearchCollections.Open(location);
        }
        catch (ArgumentException e)
        {
            throw new ServerException($"The store cannot be understood: {e.Message}", e);
        }
    }

    /// <exception cref="ApiException">The server has no store (404).</exception>
    private SearchCollections Store =>
        _store
        ?? throw new ApiException(
            StatusCodes.Status404NotFound,
            "This server has no store for collections; it is started with --store to have one."
        )
        {
            Code = "no_store",
        };

    /// <summary>Whether the server has a store.</summary>
    public bool HasStore => _store is not null;

    /// <summary>Asks the store something that costs it hardly anything.</summary>
    public Task ProbeAsync(CancellationToken cancellationToken) => Store.PingAsync(cancellationToken: cancellationToken);

    /// <summary>What this model's vectors are.</summary>
    /// <exception cref="ApiException">The model is still being loaded (503).</exception>
    public CollectionIdentity Identity => _identity.Value;

    /// <summary>All collections by name, those of other models too.</summary>
    public Task<IReadOnlyDictionary<string, CollectionIdentity>> ListAsync(CancellationToken cancellationToken) =>
        Store.ListAsync(cancellationToken);

    /// <summary>How much a collection holds, whatever model it is of.</summary>
    public async Task<CollectionStats> StatsAsync(string name, CancellationToken cancellationToken)
    {
        using var collection = await Store.OpenAsync(name, cancellationToken);
        return await collection.StatsAsync(cancellationToken);
    }

    /// <summary>Makes a collection, or opens the existing one.</summary>
    /// <exception cref="ApiException">The existing one was made with something else (409).</exception>
    public async Task<ServedCollection> CreateAsync(string name, CollectionIdentity identity, CancellationToken cancellationToken)
    {
        // An invalid name is reported here, so that what goes wrong next is a conflict.
        await Store.FindAsync(name, cancellationToken);
        try
        {
            (await Store.CreateAsync(name, identity, cancellationToken)).Dispose();
        }
        catch (SearchException e)
        {
            throw Conflict(e);
        }
        return await OpenAsync(name, cancellationToken);
    }

    /// <summary>Opens a collection.</summary>
    /// <exception cref="ApiException">There is none of the name (404), or it was made with another model (409).</exception>
    public async Task<ServedCollection> OpenAsync(string name, CancellationToken cancellationToken)
    {
        var identity = await Store.FindAsync(name, cancellationToken) ?? throw NotFound(name);
        await _opening.WaitAsync(cancellationToken);
        try
        {
            if (!_opened.TryGetValue(name, out var opened))
                _opened.Add(name, opened = []);
            if (opened.TryPeek(out var last) && last.Collection.Identity == identity)
                return last;
            var (collection, embedder) = (await Store.OpenAsync(name, cancellationToken), _model.Model.Embedder);
            try
            {
                opened.Push(
                    new ServedCollection(collection, new Searcher(collection, embedder), new Indexer(collection, embedder, _indexing))
                );
            }
            catch (SearchException e)
            {
                collection.Dispose();
                throw Conflict(e);
            }
            return opened.Peek();
        }
        finally
        {
            _opening.Release();
        }
    }

    /// <summary>Deletes a collection.</summary>
    /// <exception cref="ApiException">There is none of the name (404).</exception>
    public async Task DeleteAsync(string name, CancellationToken cancellationToken)
    {
        if (!await Store.DeleteAsync(name, cancellationToken))
            throw NotFound(name);
    }

    public void Dispose()
    {
        foreach (var served in _opened.Values.SelectMany(opened => opened))
            served.Collection.Dispose();
        _store?.Dispose();
        _opening.Dispose();
    }

    private static ApiException NotFound(string name) =>
        new(StatusCodes.Status404NotFound, $"There is no collection {name} here.") { Code = "collection_not_found" };

    private static ApiException Conflict(SearchException error) =>
        new(StatusCodes.Status409Conflict, error.Message, error) { Code = "collection_differs" };
}
