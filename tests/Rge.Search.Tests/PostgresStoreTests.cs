using Npgsql;
using Rge.Search.Collections;
using Rge.Search.Stores;
using Rge.Tests.Shared.Stores;

namespace Rge.Search.Tests;

/// <summary>PostgreSQL stores in whatever state they are.</summary>
public sealed class PostgresStoreTests(PostgresServer server)
{
    private static readonly CollectionIdentity Identity = new() { Model = "m", Fingerprint = "f", Dimensions = 2, Index = CollectionIndex.Hnsw };

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_store_that_is_read_only_is_searched_by_who_connects_anew()
    {
        var connection = await MakeAsync();
        using var collections = SearchCollections.Open(connection + ";Options=-c default_transaction_read_only=on");
        Assert.Equal(["c"], (await collections.ListAsync(Cancel)).Keys);
        await collections.PingAsync(cancellationToken: Cancel);
        using var collection = await collections.OpenAsync("c", Cancel);
        Assert.Equal("1", Assert.Single(await collection.SearchAsync(new float[] { 1, 0 }, 3, cancellationToken: Cancel)).Record.Id);
        Assert.Equal(new CollectionStats(1, 0), await collection.StatsAsync(Cancel));
        var record = new SearchRecord { Id = "2", Vector = new float[] { 0, 1 } };
        var error = await Assert.ThrowsAsync<StoreException>(() => collection.UpsertAsync([record], Cancel));
        Assert.Equal(StoreProblem.ReadOnly, error.Problem);
        Assert.EndsWith("is read-only: it can be searched, but nothing can be written to it.", error.Message, StringComparison.Ordinal);
        Assert.Equal(StoreProblem.ReadOnly, (await Assert.ThrowsAsync<StoreException>(() => collections.PingAsync(writes: true, Cancel))).Problem);
    }

    [Fact]
    public async Task A_store_of_a_newer_version_is_refused()
    {
        var connection = await MakeAsync();
        await ExecuteAsync(connection, "UPDATE rge_schema SET version = 2");
        using var collections = SearchCollections.Open(connection);
        var error = await Assert.ThrowsAsync<StoreException>(() => collections.ListAsync(Cancel));
        Assert.Equal(StoreProblem.TooNew, error.Problem);
        Assert.Contains("has version 2, but this program knows versions up to 1", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_store_without_a_version_is_searched_as_it_is_and_brought_up_to_date_when_it_is_written()
    {
        var connection = await MakeAsync();
        await ExecuteAsync(connection, "DROP TABLE rge_schema; DROP TABLE \"c.contents\"; DROP INDEX \"c.Key\"");
        using var collections = SearchCollections.Open(connection);
        using var collection = await collections.OpenAsync("c", Cancel);
        Assert.Single(await collection.SearchAsync(new float[] { 1, 0 }, 3, cancellationToken: Cancel));
        await collection.DeleteAsync(["1"], Cancel);
        Assert.Equal(0, await collection.CountAsync(cancellationToken: Cancel));
        await ExecuteAsync(connection, "SELECT version FROM rge_schema");
    }

    private async Task<string> MakeAsync()
    {
        if (PostgresServer.Problem is { } problem) Assert.Skip(problem);
        var connection = await server.CreateSchemaAsync();
        using var collections = SearchCollections.Open(connection);
        using var collection = await collections.CreateAsync("c", Identity, Cancel);
        await collection.UpsertAsync([new SearchRecord { Id = "1", Vector = new float[] { 1, 0 } }], Cancel);
        return connection;
    }

    private static async Task ExecuteAsync(string connection, string statements)
    {
        await using var opened = new NpgsqlConnection(connection + ";Pooling=false");
        await opened.OpenAsync(Cancel);
        await using var command = opened.CreateCommand();
        command.CommandText = statements;
        await command.ExecuteNonQueryAsync(Cancel);
    }
}
