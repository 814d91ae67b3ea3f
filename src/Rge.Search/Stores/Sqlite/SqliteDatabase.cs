using System.Data.Common;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.VectorData;
using Rge.Files;

namespace Rge.Search.Stores.Sqlite;

/// <summary>
/// One SQLite file. What is committed is on the disk (WAL, flushed at every commit), so a process or a machine may stop at any moment;
/// several processes may read and write at once, the writers one after the other.
/// </summary>
internal sealed partial class SqliteDatabase : SqlDatabase
{
    /// <summary>How long a store that another process has locked is waited for, and after what time that is said.</summary>
    private static readonly TimeSpan LockTimeout = TimeSpan.FromMinutes(2),
        Silence = TimeSpan.FromSeconds(2);

    private const string Settings = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;";

    /// <summary>SQLITE_FCNTL_HAS_MOVED.</summary>
    private const int HasMovedOperation = 20;

    private readonly string _connectionString;
    private readonly Lock _anchoring = new();

    // Open from the first use to the end: by it one sees whether the file is still the one that it was then.
    private volatile SqliteConnection? _anchor;

    // Writers of this process wait here, in turn; those of others are waited for by trying again, which is not fair.
    private readonly SemaphoreSlim _writer = new(1);

    public SqliteDatabase(string path)
        : base("sqlite", Path.GetFullPath(path)) =>
        _connectionString = new SqliteConnectionStringBuilder { DataSource = Name, DefaultTimeout = 1 }.ConnectionString;

    public override string Now => "unixepoch('subsec')";

    public override string TableNames =>
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name";

    // A writing transaction has the file to itself from its beginning.
    public override string LockSchema => "SELECT 1";

    private string Log => Name + "-wal";

    /// <summary>
    /// Changes with the file, where it can only be read; <see langword="null"/> elsewhere, since SQLite itself reports changes there.
    /// </summary>
    public string? ReadOnlyStamp { get; private set; }

    /// <summary>Opens a connection, or takes one from the pool; the caller disposes.</summary>
    /// <remarks>
    /// A file in a folder or on a mount that cannot be written is read without the files that SQLite otherwise makes beside it, which is
    /// right as long as no process writes: whatever is changed from elsewhere is seen by connections that are opened afterwards.
    /// </remarks>
    /// <exception cref="StoreException">The file is not a file, or no longer the one that was opened first.</exception>
    public SqliteConnection Open()
    {
        RequireInPlace();
        try
        {
            if (_anchor is null)
                lock (_anchoring)
                    _anchor ??= Open($"{_connectionString};Pooling=False", Settings);
            var connection = Open(_connectionString, Settings);
            if (HasMoved(connection))
            {
                // One of the pool, to a file that was at this path before.
                connection.Dispose();
                ClearPool();
                connection = Open(_connectionString, Settings);
            }
            ReadOnlyStamp = null;
            return connection;
        }
        catch (SqliteException e) when (e.SqliteErrorCode is SqliteCodes.ReadOnly or SqliteCodes.CannotOpen && File.Exists(Name))
        {
            var hasLog = new FileInfo(Log) is { Exists: true, Length: > 0 };
            var source = hasLog ? Name : $"file://{string.Join('/', Name.Split('/').Select(Uri.EscapeDataString))}?immutable=1";
            try
            {
                var settings = new SqliteConnectionStringBuilder
                {
                    DataSource = source,
                    Mode = SqliteOpenMode.ReadOnly,
                    DefaultTimeout = 1,
                    Pooling = false,
                };
                var stamp = Stamp();
                var connection = Open(settings.ConnectionString, "");
                ReadOnlyStamp = stamp;
                return connection;
            }
            catch (SqliteException inner) when (hasLog && inner.SqliteErrorCode is SqliteCodes.ReadOnly or SqliteCodes.CannotOpen)
            {
                throw Failure(
                    StoreProblem.ReadOnly,
                    $"The store {Name} lies where nothing can be written, and {Log} has changes that are not in it yet: open it once "
                        + "where it can be written.",
                    inner
                );
            }
        }
    }

    /// <summary>What <see cref="ReadOnlyStamp"/> would be now.</summary>
    public string Stamp() =>
        string.Join(
            ' ',
            ((string[])[Name, Log])
                .Select(file => new FileInfo(file))
                .Select(file =>
                    file.Exists ? string.Create(CultureInfo.InvariantCulture, $"{file.Length}:{file.LastWriteTimeUtc.Ticks}") : "-"
                )
        );

    private SqliteConnection Open(string connectionString, string settings)
    {
        var connection = new SqliteConnection(connectionString);
        try
        {
            connection.Open();
            using var command = connection.CreateCommand();
            if (settings.Length > 0)
            {
                command.CommandText = settings;
                command.ExecuteNonQuery();
            }
            RequireKnown(Version(command));
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>Refuses what is not a file, and a file that is no longer at its path.</summary>
    private void RequireInPlace()
    {
        if (_anchor is { } anchor)
        {
            if (HasMoved(anchor))
                throw Failure(
                    StoreProblem.Gone,
                    $"The file of the store {Name} was deleted or replaced while it was open, and nothing more "
                        + "is read or written; put it back, or start the program again.",
                    innerException: null
                );
        }
        else if (Irregularity(Name) is { } problem)
        {
            throw new VectorStoreException($"The store {Name} cannot be used: it {problem}.")
            {
                VectorStoreSystemName = SystemName,
                VectorStoreName = Name,
            };
        }
    }

    /// <summary>
    /// What a path leads to that is no file; <see langword="null"/> for a file and for nothing. Nothing is opened, so that no lock is lost.
    /// </summary>
    private static string? Irregularity(string path)
    {
        if (Directory.Exists(path))
            return "is a folder, expected a file";
        try
        {
            FileReader.Require(path);
            return null;
        }
        catch (IrregularFileException e)
        {
            return e.Problem;
        }
    }

    /// <summary>Whether the file of a connection is no longer at its path.</summary>
    private static bool HasMoved(SqliteConnection connection)
    {
        var hasMoved = 0;
        // A file system that cannot tell answers with an error.
        return FileControl(connection.Handle!, "main", HasMovedOperation, ref hasMoved) == 0 && hasMoved != 0;
    }

    [LibraryImport("e_sqlite3", EntryPoint = "sqlite3_file_control", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int FileControl(SQLitePCL.sqlite3 database, string name, int operation, ref int result);

    public override async Task MarkSchemaAsync(DbConnection connection, CancellationToken cancellationToken)
    {
        await using var command = ((SqliteConnection)connection).CreateCommand();
        if (Version(command) == SchemaVersion)
            return;
        command.CommandText = $"PRAGMA user_version = {SchemaVersion}";
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static long Version(SqliteCommand command)
    {
        command.CommandText = "PRAGMA user_version";
        return (long)command.ExecuteScalar()!;
    }

    public override string ColumnType(Type type) =>
        (Nullable.GetUnderlyingType(type) ?? type) switch
        {
            var t when t == typeof(bool) || t == typeof(int) || t == typeof(long) => "INTEGER",
            var t when t == typeof(float) || t == typeof(double) => "REAL",
            _ => "TEXT",
        };

    public override string VectorType(int dimensions) => "BLOB";

    public override string Contains(string column, string parameter) =>
        $"EXISTS (SELECT 1 FROM json_each({column}) WHERE value = {parameter})";

    public override string TagInRange(string column, string prefix, string sign, string value, bool isNumber)
    {
        var rest = $"substr(value, length({prefix}) + 1)";
        // JSON's numbers, with at most two digits of exponent; see MetadataValue.
        var number = $"""
            CASE WHEN length({rest}) <= {MetadataValue.MaxNumberLength} AND {rest} NOT GLOB '*[^-+.eE0-9]*'
                AND {rest} NOT GLOB '*[eE]*[0-9][0-9][0-9]*' AND json_valid({rest})
            THEN json_type({rest}) IN ('integer', 'real') ELSE FALSE END
            """;
        var comparison = isNumber
            ? $"CASE WHEN {number} THEN CAST({rest} AS REAL) {sign} {value} ELSE FALSE END"
            : $"CASE WHEN {number} THEN FALSE ELSE {rest} {sign} {value} END";
        return $"EXISTS (SELECT 1 FROM json_each({column}) WHERE substr(value, 1, length({prefix})) = {prefix} AND {comparison})";
    }

    public override object FromColumn(object value, Type type) =>
        value switch
        {
            byte[] vector => new ReadOnlyMemory<float>(MemoryMarshal.Cast<byte, float>(vector).ToArray()),
            string list when type == typeof(string[]) || type == typeof(List<string>) => JsonSerializer.Deserialize(list, type)!,
            _ => Convert.ChangeType(value, type, CultureInfo.InvariantCulture),
        };

    protected override object ToParameter(object value) =>
        value switch
        {
            ReadOnlyMemory<float> vector => MemoryMarshal.AsBytes(vector.Span).ToArray(),
            IEnumerable<string> list => JsonSerializer.Serialize(list),
            _ => value,
        };

    protected override (StoreProblem? Problem, string? Sentence) Describe(DbException error) =>
        (error as SqliteException)?.SqliteErrorCode switch
        {
            SqliteCodes.Full => (StoreProblem.Full, $"The disk of the store {Name} is full; make room, then write again."),
            SqliteCodes.ReadOnly => (
                StoreProblem.ReadOnly,
                $"The store {Name} is read-only: it can be searched, but nothing can be written to it."
            ),
            SqliteCodes.Busy or SqliteCodes.Locked => (
                StoreProblem.Locked,
                $"The store {Name} has been locked by another process for {LockTimeout.TotalMinutes} minutes; end that process, or wait "
                    + "for it."
            ),
            SqliteCodes.CannotOpen => (null, $"The store {Name} failed: the file cannot be opened or made there."),
            SqliteCodes.Corrupt => (
                StoreProblem.Damaged,
                $"The store {Name} is damaged: {error.Message.TrimEnd('.')}; restore it from a backup."
            ),
            SqliteCodes.NotADatabase => (null, $"The store {Name} failed: the file is not a SQLite database."),
            _ => (null, null),
        };

    /// <remarks>SQLite has nothing to await, so the whole transaction runs on a thread of the pool.</remarks>
    protected override async Task<T> TransactAsync<T>(bool writes, Func<DbConnection, Task<T>> work, CancellationToken cancellationToken)
    {
        if (writes)
            await _writer.WaitAsync(cancellationToken);
        try
        {
            return await Task.Run(
                () =>
                    WaitFor(
                        async () =>
                        {
                            using var connection = Open();
                            using var transaction = connection.BeginTransaction(deferred: !writes);
                            var result = await work(connection);
                            transaction.Commit();
                            // What was written to a deleted file is lost.
                            if (writes)
                                RequireInPlace();
                            return result;
                        },
                        cancellationToken
                    ),
                cancellationToken
            );
        }
        finally
        {
            if (writes)
                _writer.Release();
        }
    }

    /// <summary>Does something again for as long as another process has the file locked; what has been done of it is undone then.</summary>
    private async Task<T> WaitFor<T>(Func<Task<T>> work, CancellationToken cancellationToken)
    {
        var (watch, isSaid) = (Stopwatch.StartNew(), false);
        while (true)
        {
            try
            {
                return await work();
            }
            // Each try waits for a moment of its own.
            catch (SqliteException e) when (e.SqliteErrorCode is SqliteCodes.Busy or SqliteCodes.Locked && watch.Elapsed < LockTimeout)
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (isSaid || watch.Elapsed < Silence)
                    continue;
                isSaid = true;
                Waiting?.Report($"The store {Name} is locked by another process; waiting for up to {LockTimeout.TotalMinutes} minutes.");
            }
        }
    }

    private void ClearPool()
    {
        using var connection = new SqliteConnection(_connectionString);
        SqliteConnection.ClearPool(connection);
    }

    public override void Dispose()
    {
        ClearPool();
        _anchor?.Dispose();
        _writer.Dispose();
    }
}
