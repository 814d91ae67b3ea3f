using Rge.Search.Collections;
using Rge.Search.Stores.Postgres;
using Rge.Search.Stores.Sqlite;

namespace Rge.Search.Tests;

/// <summary>What a person writes for a store.</summary>
public sealed class StoreKindTests
{
    [Theory]
    [InlineData("postgres://user@host/database")]
    [InlineData("postgresql://user:password@host:5433/database")]
    [InlineData("POSTGRESQL://host/database")]
    [InlineData("Host=a;Database=b")]
    [InlineData("host=a")]
    [InlineData("Database=b;HOST=a;Username=c")]
    [InlineData("Database=b; Host = a")]
    [InlineData("Server=a;Database=b")]
    public void A_url_or_connection_string_names_a_server(string location)
    {
        using var store = StoreKind.FromLocation(location).Open(location);
        Assert.IsType<PostgresVectorStore>(store);
        Assert.True(SearchCollections.IsServer(location));
    }

    [Theory]
    [InlineData("store.db")]
    [InlineData("photos")]
    [InlineData("/data/store.sqlite")]
    [InlineData("C:\\data\\store.db")]
    [InlineData("postgres")]
    [InlineData("postgresql.db")]
    [InlineData("key=value.db")]
    [InlineData("/data/Host=3/store.db")]
    [InlineData("/data/server=3;host/store.db")]
    public void Anything_else_is_the_path_of_a_file(string location)
    {
        using var store = StoreKind.FromLocation(location).Open(location);
        Assert.IsType<SqliteVectorStore>(store);
        Assert.False(SearchCollections.IsServer(location));
    }

    [Theory]
    [InlineData("Host=a;Nonsense=b")]
    [InlineData("Nonsense;Host=a")]
    [InlineData("Host=a;Password='b")]
    public void A_connection_string_that_cannot_be_understood_is_refused_and_makes_no_file(string location)
    {
        Assert.ThrowsAny<ArgumentException>(() => SearchCollections.Open(location));
        Assert.True(SearchCollections.IsServer(location));
        Assert.False(File.Exists(location));
    }
}
