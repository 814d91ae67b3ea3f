using Microsoft.Data.Sqlite;
using Microsoft.Extensions.VectorData;
using Rge.Search.Collections;
using Rge.Search.Stores;
using Rge.Search.Stores.Sqlite;

namespace Rge.Search.Tests;

/// <summary>SQLite files in whatever state they are.</summary>
public sealed class SqliteStoreTests : IAsyncDisposable
{
    private static readonly CollectionIdentity Identity = new()
    {
        Model = "m",
        Fingerprint = "f",
        Dimensions = 2,
    };

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
        Assert.Equal(
            $"The store {_file.Path} is locked by another process; waiting for up to 2 minutes.",
            await said.First.Task.WaitAsync(TimeSpan.FromMinutes(1), Cancel)
        );
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
        foreach (var connection in connections)
            Execute(connection, "PRAGMA max_page_count = 1");
        foreach (var connection in connections)
            connection.Dispose();
        var large = new SearchRecord
        {
            Id = "large",
            Text = new string('x', 1 << 20),
            Vector = new float[] { 1, 0 },
        };
        var error = await Assert.ThrowsAsync<StoreException>(() => collection.UpsertAsync([large], Cancel));
        Assert.Equal(
            (StoreProblem.Full, $"The disk of the store {_file.Path} is full; make room, then write again."),
            (error.Problem, error.Message)
        );
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
        Assert.Equal(
            (
                StoreProblem.TooNew,
                $"The store {_file.Path} has version 2, but this program knows versions up to 1: use a newer program, or another store."
            ),
            (error.Problem, error.Message)
        );
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
        await File.WriteAllTextAsync(
            _file.Path + "2",
            "something of another program, long enough to be taken for a header of a database file",
            Cancel
        );
        using var other = SearchCollections.Open(_file.Path + "2");
        Assert.Contains(
            "the file is not a SQLite database",
            (await Assert.ThrowsAnyAsync<VectorStoreException>(() => other.PingAsync(cancellationToken: Cancel))).Message,
            StringComparison.Ordinal
        );
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

    [Theory]
    [InlineData("UPDATE \"c\" SET \"Vector\" = x'00'", "the record 1 of c has a vector of 1 bytes, expected 8")]
    [InlineData("UPDATE \"c\" SET \"Vector\" = 'text'", "the record 1 of c has a vector of 0 bytes, expected 8")]
    [InlineData(
        "UPDATE \"c\" SET \"Vector\" = x'0000C07F00000000'",
        "the record 1 of c has a vector with something in it that is no number"
    )]
    [InlineData("UPDATE \"c\" SET \"Tags\" = '[\"a=1'", "the record 1 of c has a Tags that cannot be read")]
    [InlineData("UPDATE \"c\" SET \"Tags\" = '[null]'", "the record 1 of c has metadata that are no list of texts")]
    [InlineData("UPDATE \"c\" SET \"Kind\" = 'Song'", "the record 1 of c has the kind 'Song', which there is not")]
    [InlineData(
        "UPDATE rge_collections SET \"Identity\" = '{}'",
        "the record c of rge_collections does not say what the collection was made with ("
    )]
    [InlineData(
        "UPDATE rge_collections SET \"Identity\" = 'null'",
        "the record c of rge_collections does not say what the collection was made with;"
    )]
    public async Task A_search_in_a_store_that_is_damaged_names_the_record(string damage, string problem)
    {
        await MakeAsync();
        Execute(damage);
        using var collections = SearchCollections.Open(_file.Path);
        var error = await Assert.ThrowsAsync<StoreException>(async () =>
        {
            using var collection = await collections.OpenAsync("c", Cancel);
            await collection.SearchAsync(new float[] { 1, 0 }, 3, cancellationToken: Cancel);
        });
        Assert.Equal(StoreProblem.Damaged, error.Problem);
        Assert.StartsWith($"The store {_file.Path} is damaged: {problem}", error.Message, StringComparison.Ordinal);
        Assert.EndsWith(
            "; restore the store from a backup, or delete the collection and index it again.",
            error.Message,
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData("UPDATE \"c\" SET \"Vector\" = x'00'", "the record 1 of c has a vector of 0 dimensions, expected 2")]
    [InlineData("UPDATE \"c\" SET \"Vector\" = x'0000803F'", "the record 1 of c has a vector of 1 dimensions, expected 2")]
    [InlineData("UPDATE \"c\" SET \"Vector\" = x'0000000000000000'", "the record 1 of c has a vector of the length 0")]
    [InlineData("INSERT INTO \"c.thumbnails\" (\"Id\", \"Jpeg\") VALUES ('1', '?')", "the record 1 of c.thumbnails is no image in base64")]
    public async Task An_export_of_a_store_that_is_damaged_names_the_record(string damage, string problem)
    {
        await MakeAsync();
        Execute(damage);
        using var collections = SearchCollections.Open(_file.Path);
        using var collection = await collections.OpenAsync("c", Cancel);
        var error = await Assert.ThrowsAsync<StoreException>(() =>
            CollectionFile.WriteAsync(collection, TextWriter.Null, cancellationToken: Cancel)
        );
        Assert.StartsWith($"The store {_file.Path} is damaged: {problem}; restore", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_file_that_is_deleted_or_replaced_under_a_store_takes_no_more_writes(bool isReplaced)
    {
        await MakeAsync();
        using var collections = SearchCollections.Open(_file.Path);
        using var collection = await collections.OpenAsync("c", Cancel);
        var record = new SearchRecord { Id = "2", Vector = new float[] { 0, 1 } };
        await collection.UpsertAsync([record], Cancel);
        File.Move(_file.Path, _file.Path + ".away");
        if (isReplaced)
            File.Copy(_file.Path + ".away", _file.Path);
        foreach (
            var use in (Func<Task>[])
                [
                    () => collections.PingAsync(cancellationToken: Cancel),
                    () => collection.UpsertAsync([record], Cancel),
                    () => collection.SearchAsync(new float[] { 1, 0 }, 3, cancellationToken: Cancel),
                    () => collections.ListAsync(Cancel),
                ]
        )
        {
            var error = await Assert.ThrowsAsync<StoreException>(use);
            Assert.Equal(StoreProblem.Gone, error.Problem);
            Assert.StartsWith(
                $"The file of the store {_file.Path} was deleted or replaced while it was open",
                error.Message,
                StringComparison.Ordinal
            );
        }
        Assert.Equal(isReplaced, File.Exists(_file.Path));
        // Put back, it is what it was.
        File.Move(_file.Path + ".away", _file.Path, overwrite: true);
        await collection.UpsertAsync([record], Cancel);
        Assert.Equal(2, await collection.CountAsync(cancellationToken: Cancel));
    }

    [Fact]
    public async Task A_store_that_is_opened_anew_where_another_file_was_writes_to_the_new_one()
    {
        await MakeAsync();
        using var before = SearchCollections.Open(_file.Path);
        await before.ListAsync(Cancel);
        foreach (var file in Directory.GetFiles(Path.GetDirectoryName(_file.Path)!))
            File.Delete(file);
        await MakeAsync();
        using var after = SearchCollections.Open(_file.Path);
        using var collection = await after.OpenAsync("c", Cancel);
        Assert.Equal(1, await collection.CountAsync(cancellationToken: Cancel));
    }

    [Theory]
    [InlineData("CREATE TABLE items (a)", "items")]
    [InlineData("CREATE TABLE \"items.places\" (a)", "items.places")]
    public async Task A_table_of_another_program_is_not_taken_for_a_collection(string foreign, string table)
    {
        Execute(foreign);
        using var collections = SearchCollections.Open(_file.Path);
        var error = await Assert.ThrowsAsync<SearchException>(() => collections.CreateAsync("items", Identity, Cancel));
        Assert.Equal(
            $"The store has a table {table} that is no collection's; choose another name than items for the collection, or another store.",
            error.Message
        );
        Assert.Empty(await collections.ListAsync(Cancel));
        using var other = await collections.CreateAsync("others", Identity, Cancel);
        Assert.Equal(["others"], (await collections.ListAsync(Cancel)).Keys);
    }

    [Fact]
    public async Task A_collection_whose_tables_cannot_be_made_is_not_half_made()
    {
        Execute("CREATE VIEW items AS SELECT 1 AS a");
        using var collections = SearchCollections.Open(_file.Path);
        await Assert.ThrowsAnyAsync<VectorStoreException>(() => collections.CreateAsync("items", Identity, Cancel));
        Assert.Empty(await collections.ListAsync(Cancel));
    }

    [Fact(Timeout = 60_000)]
    public async Task What_is_no_file_is_no_store()
    {
        await System.Diagnostics.Process.Start("mkfifo", _file.Path).WaitForExitAsync(TestContext.Current.CancellationToken);
        var folder = Path.GetDirectoryName(_file.Path)!;
        foreach (
            var (path, problem) in (IEnumerable<(string, string)>)
                [
                    (_file.Path, "it is a pipe, a socket or a device, not a file"),
                    ("/dev/null", "it is a pipe, a socket or a device, not a file"),
                    (folder, "it is a folder, expected a file"),
                ]
        )
        {
            using var collections = SearchCollections.Open(path);
            var error = await Assert.ThrowsAsync<VectorStoreException>(() => collections.CreateAsync("c", Identity, Cancel));
            Assert.Equal($"The store {path} cannot be used: {problem}.", error.Message);
        }
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
