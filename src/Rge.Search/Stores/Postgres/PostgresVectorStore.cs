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
    /// <c>postgresql://user:password@host:port/database</c>, with such keywords after a <c>?</c>: <c>?sslmode=require</c>.</param>
    /// <exception cref="ArgumentException">The connection string cannot be understood, or names no host.</exception>
    public PostgresVectorStore(string connection)
        : base(new PostgresDatabase(Parse(connection))) { }

    /// <summary>Schemes of its URLs; anything else is Npgsql's keywords.</summary>
    internal static IReadOnlyList<string> Schemes { get; } = ["postgres", "postgresql"];

    internal static NpgsqlConnectionStringBuilder Parse(string connection)
    {
        ArgumentException.ThrowIfNullOrEmpty(connection);
        var settings = StoreUrl.Is(connection, Schemes) ? ParseUrl(connection) : new NpgsqlConnectionStringBuilder(connection);
        return string.IsNullOrWhiteSpace(settings.Host) ? throw new ArgumentException("It names no host.") : settings;
    }

    private static NpgsqlConnectionStringBuilder ParseUrl(string connection)
    {
        if (!Uri.TryCreate(connection, UriKind.Absolute, out var uri))
            throw new ArgumentException("It is not a valid URL, expected postgresql://user:password@host:port/database.");
        if (uri.Port == 0)
            throw new ArgumentException("Its port is 0, expected 1 to 65535.");
        var user = uri.UserInfo.Split(':', 2);
        var settings = new NpgsqlConnectionStringBuilder
        {
            Host = uri.Host,
            Port = uri.IsDefaultPort || uri.Port < 0 ? NpgsqlConnection.DefaultPort : uri.Port,
            Database = Uri.UnescapeDataString(uri.AbsolutePath.TrimStart('/')),
            Username = user[0].Length > 0 ? Uri.UnescapeDataString(user[0]) : null,
            Password = user.Length > 1 ? Uri.UnescapeDataString(user[1]) : null,
        };
        foreach (var pair in uri.Query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var parts = pair.Split('=', 2);
            var name = Uri.UnescapeDataString(parts[0]);
            try
            {
                settings[name] = parts.Length > 1 ? Uri.UnescapeDataString(parts[1]) : "";
            }
            // The value is not shown: it may be a password.
            catch (Exception e) when (e is ArgumentException or FormatException or InvalidCastException or OverflowException)
            {
                throw new ArgumentException(
                    $"The URL has '{name}', which is no setting of Npgsql or has a value that it does not know.",
                    e
                );
            }
        }
        return settings;
    }

    private protected override VectorStoreCollection<TKey, TRecord> Create<TKey, TRecord>(string name, CollectionModel model) =>
        new PostgresCollection<TKey, TRecord>(this, (PostgresDatabase)Database, name, model);
}
