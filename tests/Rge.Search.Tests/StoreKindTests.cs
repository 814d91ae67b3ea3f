using Npgsql;
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
    [InlineData("Host=a;Password=b://c")]
    [InlineData("Host=a;Password=postgresql://c")]
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
    [InlineData("Host=")]
    [InlineData("Host= ;Database=b")]
    [InlineData("postgresql:///b")]
    [InlineData("postgresql://a/b?nonsense=c")]
    [InlineData("postgresql://a/b?sslmode=nonsense")]
    [InlineData("postgresql://a/b?timeout=nonsense")]
    [InlineData("postgresql://a/b?=c")]
    [InlineData("postgresql://a:nonsense/b")]
    [InlineData("postgresql://a:0/b")]
    [InlineData("Host=a;Port=0")]
    [InlineData("Host=a;SSL Mode=nonsense")]
    [InlineData("Host=a;Timeout=nonsense")]
    public void A_connection_string_that_cannot_be_understood_is_refused_and_makes_no_file(string location)
    {
        var error = Assert.ThrowsAny<ArgumentException>(() => SearchCollections.Open(location));
        Assert.DoesNotContain('\n', error.Message);
        Assert.True(SearchCollections.IsServer(location));
        Assert.False(File.Exists(location));
    }

    [Fact]
    public void The_query_of_a_url_has_settings()
    {
        var settings = PostgresVectorStore.Parse(
            "postgresql://user:p%40ss@host:5433/database?sslmode=require&Search%20Path=a%2Cb&Application Name=x"
        );
        Assert.Equal(
            ("host", 5433, "database", "user", "p@ss", SslMode.Require, "a,b", "x"),
            (
                settings.Host,
                settings.Port,
                settings.Database,
                settings.Username,
                settings.Password,
                settings.SslMode,
                settings.SearchPath,
                settings.ApplicationName
            )
        );
        Assert.Equal("/run/postgresql", PostgresVectorStore.Parse("postgresql:///database?host=/run/postgresql").Host);
    }
}
