using Microsoft.Extensions.VectorData;
using Rge.Search.Collections;

namespace Rge.Search.Tests;

/// <summary>A test of something that every kind of store has to do: each kind has a class that derives from the tests.</summary>
public abstract class StoreTest : IAsyncLifetime
{
    private readonly List<IDisposable> _opened = [];
    private ITestStores? _stores;

    protected static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>A folder for the test, deleted with it.</summary>
    protected string Folder { get; } = Directory.CreateTempSubdirectory("rge-store-").FullName;

    protected abstract Task<ITestStores> CreateAsync();

    protected VectorStore Open()
    {
        var store = _stores!.Open();
        _opened.Add(store);
        return store;
    }

    protected SearchCollections OpenCollections() => new(Open());

    public async ValueTask InitializeAsync() => _stores = await CreateAsync();

    public async ValueTask DisposeAsync()
    {
        foreach (var store in _opened) store.Dispose();
        if (_stores is not null) await _stores.DisposeAsync();
        Directory.Delete(Folder, recursive: true);
        GC.SuppressFinalize(this);
    }
}
