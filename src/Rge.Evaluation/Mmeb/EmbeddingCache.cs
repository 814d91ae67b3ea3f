using System.Runtime.InteropServices;
using Microsoft.Data.Sqlite;

namespace Rge.Evaluation.Mmeb;

/// <summary>
/// Embeddings on disk by the content they were computed from: an SQLite file that runs and processes may share. What
/// <see cref="Add"/> has returned from survives the end of the process at any moment.
/// </summary>
/// <remarks>Thread-safe. Vectors are stored as little-endian float32.</remarks>
public sealed class EmbeddingCache : IDisposable
{
    private const string FileName = "embeddings.sqlite";
    private const int BusySeconds = 60;

    private readonly Lock _lock = new();
    private readonly SqliteConnection _connection;
    private readonly string _path;

    /// <summary>Opens the cache of a folder, or makes it.</summary>
    /// <exception cref="EvaluationException">The file is not such a cache, or cannot be written.</exception>
    public EmbeddingCache(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        Directory.CreateDirectory(folder);
        _path = Path.Combine(folder, FileName);
        _connection = new SqliteConnection(
            new SqliteConnectionStringBuilder
            {
                DataSource = _path,
                DefaultTimeout = BusySeconds,
                Pooling = false,
            }.ToString()
        );
        try
        {
            Run(() =>
            {
                _connection.Open();
                Execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;");
                Execute(
                    """
                    CREATE TABLE IF NOT EXISTS embeddings (
                      key BLOB PRIMARY KEY, vector BLOB NOT NULL, rationale TEXT,
                      rationale_tokens INTEGER NOT NULL, prompt_tokens INTEGER NOT NULL, seconds REAL NOT NULL)
                    """
                );
                return 0;
            });
        }
        catch
        {
            _connection.Dispose();
            throw;
        }
    }

    /// <summary>The embedding of a key; <see langword="null"/> where there is none.</summary>
    public CachedEmbedding? Find(ItemKey key) =>
        Run(() =>
        {
            using var command = _connection.CreateCommand();
            command.CommandText = "SELECT vector, rationale, rationale_tokens, prompt_tokens, seconds FROM embeddings WHERE key = $key";
            command.Parameters.AddWithValue("$key", key.ToBytes());
            using var reader = command.ExecuteReader();
            if (!reader.Read())
                return null;
            return new CachedEmbedding(
                MemoryMarshal.Cast<byte, float>((byte[])reader[0]).ToArray(),
                reader.IsDBNull(1) ? null : reader.GetString(1),
                reader.GetInt32(2),
                reader.GetInt32(3),
                reader.GetDouble(4)
            );
        });

    /// <summary>Whether there is an embedding of a key.</summary>
    public bool Has(ItemKey key) =>
        Run(() =>
        {
            using var command = _connection.CreateCommand();
            command.CommandText = "SELECT 1 FROM embeddings WHERE key = $key";
            command.Parameters.AddWithValue("$key", key.ToBytes());
            return command.ExecuteScalar() is not null;
        });

    /// <summary>Adds embeddings, all or none of them. Existing entries stay unchanged.</summary>
    public void Add(IEnumerable<KeyValuePair<ItemKey, CachedEmbedding>> embeddings) =>
        Run(() =>
        {
            using var transaction = _connection.BeginTransaction();
            using var command = _connection.CreateCommand();
            command.Transaction = transaction;
            command.CommandText =
                "INSERT OR IGNORE INTO embeddings VALUES ($key, $vector, $rationale, $rationale_tokens, $prompt_tokens, $seconds)";
            foreach (var (key, embedding) in embeddings)
            {
                command.Parameters.Clear();
                command.Parameters.AddWithValue("$key", key.ToBytes());
                command.Parameters.AddWithValue("$vector", MemoryMarshal.AsBytes(embedding.Vector.AsSpan()).ToArray());
                command.Parameters.AddWithValue("$rationale", (object?)embedding.Rationale ?? DBNull.Value);
                command.Parameters.AddWithValue("$rationale_tokens", embedding.RationaleTokens);
                command.Parameters.AddWithValue("$prompt_tokens", embedding.PromptTokens);
                command.Parameters.AddWithValue("$seconds", embedding.Seconds);
                command.ExecuteNonQuery();
            }
            transaction.Commit();
            return 0;
        });

    /// <summary>Closes the file.</summary>
    public void Dispose()
    {
        lock (_lock)
            _connection.Dispose();
    }

    private void Execute(string sql)
    {
        using var command = _connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    private T Run<T>(Func<T> work)
    {
        try
        {
            lock (_lock)
                return work();
        }
        catch (SqliteException e)
        {
            throw new EvaluationException($"{_path} cannot be used as a cache of embeddings: {e.Message}", e);
        }
    }
}
