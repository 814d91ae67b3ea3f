using Microsoft.Extensions.VectorData;
using Microsoft.Extensions.VectorData.ProviderServices;
using Npgsql;

namespace Rge.Search.Stores.Postgres;

/// <summary>
/// Collections in PostgreSQL with pgvector 0.8 or newer, for many machines: searched through an HNSW index where the vector property asks
/// for one, else exactly. Thread-safe. While the server is away calls fail with <see cref="VectorStoreException"/>; when it is back they
/// work again.
/// </summary>
public sealed class PostgresVectorStore : SqlVectorStore
{
    /// <summary>Opens a store; no connection is made yet.</summary>
    /// <param name="connection">Npgsql's keywords (<c>Host=…;Database=…</c>), or
    /// <c>postgresql://user:password@host:port/database</c>.</param>
    /// <exception cref="ArgumentException">The connection string cannot be understood.</exception>
    public PostgresVectorStore(string connection)
        : base(new PostgresDatabase(Parse(connection))) { }

    private static NpgsqlConnectionStringBuilder Parse(string connection)
    {
        ArgumentException.ThrowIfNullOrEmpty(connection);
        if (!connection.Contains("://", StringComparison.Ordinal))
            return new NpgsqlConnectionStringBuilder(connection);
        var uri = new Uri(connection);
        var user = uri.UserInfo.Split(':', 2);
        return new NpgsqlConnectionStringBuilder
        {
            Host = uri.Host,
            Port = uri.IsDefaultPort || uri.Port < 0 ? NpgsqlConnection.DefaultPort : uri.Port,
            Database = Uri.UnescapeDataString(uri.AbsolutePath.TrimStart('/')),
            Username = user[0].Length > 0 ? Uri.UnescapeDataString(user[0]) : null,
            Password = user.Length > 1 ? Uri.UnescapeDataString(user[1]) : null,
        };
    }

    private protected override VectorStoreCollection<TKey, TRecord> Create<TKey, TRecord>(string name, CollectionModel model) =>
        new PostgresCollection<TKey, TRecord>(this, (PostgresDatabase)Database, name, model);
}
