using Microsoft.Data.Sqlite;
using Microsoft.Extensions.VectorData;
using Rge.Search.Stores;
using Rge.Search.Stores.Sqlite;

namespace Rge.Search.Tests;

/// <summary>SQLite files in whatever state they are.</summary>
public sealed class SqliteStoreTests : IAsyncDisposable
{
    private static readonly CollectionIdentity Identity = new() { Model = "m", Fingerprint = "f", Dimensions = 2 };

    private readonly SqliteFile _file = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_store_that_another_process_has_locked_is_waited_for_and_that_is_said()
    {
        await MakeAsync();
        using var other = new SqliteConnection($"Data Source={_file.Path};Pooling=false");
        other.Open();
        Execute(other, "BEGIN EXCLUSIVE");
        var said = new Said();
        using var collections = SearchCollections.Open(_file.Path, said);
        var making = collections.CreateAsync("d", Identity, Cancel);
        Assert.Equal($"The store {_file.Path} is locked by another process; waiting for up to 2 minutes.", await said.First.Task.WaitAsync(TimeSpan.FromMinutes(1), Cancel));
        Assert.False(making.IsCompleted);
        Execute(other, "COMMIT");
        using var made = await making;
        Assert.Equal("d", made.Name);
    }

    [Fact]
    public async Task A_full_disk_is_called_so_and_what_was_stored_can_be_read()
    {
        await MakeAsync();
        using var collections = SearchCollections.Open(_file.Path);
        using var collection = await collections.OpenAsync("c", Cancel);
        using var database = new SqliteDatabase(_file.Path);
        // Whichever of them the pool hands out next has no room.
        SqliteConnection[] connections = [.. Enumerable.Range(0, 4).Select(_ => database.Open())];
        foreach (var connection in connections) Execute(connection, "PRAGMA max_page_count = 1");
        foreach (var connection in connections) connection.Dispose();
        var large = new SearchRecord { Id = "large", Text = new string('x', 1 << 20), Vector = new float[] { 1, 0 } };
        var error = await Assert.ThrowsAsync<StoreException>(() => collection.UpsertAsync([large], Cancel));
        Assert.Equal((StoreProblem.Full, $"The disk of the store {_file.Path} is full; make room, then write again."), (error.Problem, error.Message));
        Assert.Single(await collection.SearchAsync(new float[] { 1, 0 }, 3, cancellationToken: Cancel));
    }

    [Fact]
    public async Task A_store_of_a_newer_version_is_refused()
    {
        await MakeAsync();
        Assert.Equal(1, Version());
        Execute("PRAGMA user_version = 2");
        using var collections = SearchCollections.Open(_file.Path);
        var error = await Assert.ThrowsAsync<StoreException>(() => collections.ListAsync(Cancel));
        Assert.Equal((StoreProblem.TooNew, $"The store {_file.Path} has version 2, but this program knows versions up to 1: use a newer program, or another store."), (error.Problem, error.Message));
        await Assert.ThrowsAsync<StoreException>(() => collections.PingAsync(cancellationToken: Cancel));
    }

    [Fact]
    public async Task A_store_without_a_version_is_searched_as_it_is_and_brought_up_to_date_when_it_is_written()
    {
        await MakeAsync();
        Execute("DROP TABLE \"c.contents\"; DROP INDEX \"c.Key\"; PRAGMA user_version = 0");
        using var collections = SearchCollections.Open(_file.Path);
        using var collection = await collections.OpenAsync("c", Cancel);
        Assert.Equal("1", Assert.Single(await collection.SearchAsync(new float[] { 1, 0 }, 3, cancellationToken: Cancel)).Record.Id);
        Assert.Equal(0, Version());
        await collection.UpsertAsync([new SearchRecord { Id = "2", Vector = new float[] { 0, 1 } }], Cancel);
        Assert.Equal(1, Version());
        await collection.DeleteAsync(["1"], Cancel);
        Assert.Equal(1, await collection.CountAsync(cancellationToken: Cancel));
    }

    [Fact]
    public async Task Asking_a_store_how_it_is_tells_whether_it_can_be_read_and_written()
    {
        await MakeAsync();
        using var collections = SearchCollections.Open(_file.Path);
        await collections.PingAsync(writes: true, Cancel);
        await File.WriteAllTextAsync(_file.Path + "2", "something of somebody's, long enough to be taken for a header of a database file", Cancel);
        using var other = SearchCollections.Open(_file.Path + "2");
        Assert.Contains("the file is not a SQLite database", (await Assert.ThrowsAnyAsync<VectorStoreException>(() => other.PingAsync(cancellationToken: Cancel))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Listing_and_looking_up_make_no_tables()
    {
        using var collections = SearchCollections.Open(_file.Path);
        Assert.Empty(await collections.ListAsync(Cancel));
        Assert.Null(await collections.FindAsync("c", Cancel));
        using var store = new SqliteVectorStore(_file.Path);
        Assert.Empty(await store.ListCollectionNamesAsync(Cancel).ToListAsync(Cancel));
    }

    private async Task MakeAsync()
    {
        using var collections = SearchCollections.Open(_file.Path);
        using var collection = await collections.CreateAsync("c", Identity, Cancel);
        await collection.UpsertAsync([new SearchRecord { Id = "1", Vector = new float[] { 1, 0 } }], Cancel);
    }

    private long Version()
    {
        using var connection = new SqliteConnection($"Data Source={_file.Path};Pooling=false");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = "PRAGMA user_version";
        return (long)command.ExecuteScalar()!;
    }

    private void Execute(string statements)
    {
        using var connection = new SqliteConnection($"Data Source={_file.Path};Pooling=false");
        connection.Open();
        Execute(connection, statements);
    }

    private static void Execute(SqliteConnection connection, string statements)
    {
        using var command = connection.CreateCommand();
        command.CommandText = statements;
        command.ExecuteNonQuery();
    }

    public ValueTask DisposeAsync() => _file.DisposeAsync();

    private sealed class Said : IProgress<string>
    {
        public TaskCompletionSource<string> First { get; } = new();

        public void Report(string value) => First.TrySetResult(value);
    }
}
