using System.Data.Common;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using Microsoft.Data.Sqlite;

namespace Rge.Search.Stores.Sqlite;

/// <summary>
/// One SQLite file. What is committed is on the disk (WAL, flushed at every commit), so a process or a machine may stop at any moment;
/// several processes may read and write at once, the writers one after the other.
/// </summary>
internal sealed class SqliteDatabase : SqlDatabase
{
    private readonly string _connectionString;
    // Writers of this process wait here, in turn; those of others are waited for by trying again, which is not fair.
    private readonly SemaphoreSlim _writer = new(1);

    public SqliteDatabase(string path) : base("sqlite", Path.GetFullPath(path)) =>
        _connectionString = new SqliteConnectionStringBuilder { DataSource = Name, DefaultTimeout = 120 }.ConnectionString;

    public override string Now => "unixepoch('subsec')";

    public override string TableNames => "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name";

    // A writing transaction has the file to itself from its beginning.
    public override string LockSchema => "SELECT 1";

    /// <summary>Opens a connection, or takes one from the pool; the caller disposes.</summary>
    public SqliteConnection Open()
    {
        var connection = new SqliteConnection(_connectionString);
        try
        {
            connection.Open();
            using var settings = connection.CreateCommand();
            settings.CommandText = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;";
            settings.ExecuteNonQuery();
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    public override string ColumnType(Type type) => (Nullable.GetUnderlyingType(type) ?? type) switch
    {
        var t when t == typeof(bool) || t == typeof(int) || t == typeof(long) => "INTEGER",
        var t when t == typeof(float) || t == typeof(double) => "REAL",
        _ => "TEXT",
    };

    public override string VectorType(int dimensions) => "BLOB";

    public override string Contains(string column, string parameter) => $"EXISTS (SELECT 1 FROM json_each({column}) WHERE value = {parameter})";

    public override object FromColumn(object value, Type type) => value switch
    {
        byte[] vector => new ReadOnlyMemory<float>(MemoryMarshal.Cast<byte, float>(vector).ToArray()),
        string list when type == typeof(string[]) || type == typeof(List<string>) => JsonSerializer.Deserialize(list, type)!,
        _ => Convert.ChangeType(value, type, CultureInfo.InvariantCulture),
    };

    protected override object ToParameter(object value) => value switch
    {
        ReadOnlyMemory<float> vector => MemoryMarshal.AsBytes(vector.Span).ToArray(),
        IEnumerable<string> list => JsonSerializer.Serialize(list),
        _ => value,
    };

    /// <remarks>SQLite has nothing to await, so the whole transaction runs on a thread of the pool.</remarks>
    protected override async Task<T> TransactAsync<T>(bool writes, Func<DbConnection, Task<T>> work, CancellationToken cancellationToken)
    {
        if (writes) await _writer.WaitAsync(cancellationToken);
        try
        {
            return await Task.Run(async () =>
            {
                using var connection = Open();
                using var transaction = connection.BeginTransaction(deferred: !writes);
                var result = await work(connection);
                transaction.Commit();
                return result;
            }, cancellationToken);
        }
        finally
        {
            if (writes) _writer.Release();
        }
    }

    public override void Dispose()
    {
        using var connection = new SqliteConnection(_connectionString);
        SqliteConnection.ClearPool(connection);
        _writer.Dispose();
    }
}
