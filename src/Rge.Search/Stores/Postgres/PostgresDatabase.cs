using System.Data.Common;
using Microsoft.Extensions.VectorData;
using Npgsql;

namespace Rge.Search.Stores.Postgres;

/// <summary>A PostgreSQL database with pgvector; tables are made in the first schema of the search path.</summary>
internal sealed class PostgresDatabase : SqlDatabase
{
    /// <summary>The advisory lock that changes of the schema take; any number that no other program takes.</summary>
    private const long SchemaLock = 0x726765;

    /// <summary>The table that has the version of all others.</summary>
    private const string SchemaTable = "rge_schema";

    private readonly NpgsqlConnectionStringBuilder _settings;
    private readonly SemaphoreSlim _starting = new(1);
    private volatile NpgsqlDataSource? _source;

    public PostgresDatabase(NpgsqlConnectionStringBuilder settings)
        : base("postgresql", $"{settings.Host}:{settings.Port}/{settings.Database}") => _settings = settings;

    public override string Now => "extract(epoch FROM clock_timestamp())::float8";

    public override string TableNames => "SELECT tablename::text FROM pg_tables WHERE schemaname = current_schema() ORDER BY tablename";

    public override bool IsOwnTable(string name) => name == SchemaTable || base.IsOwnTable(name);

    public override string LockSchema => $"SELECT pg_advisory_xact_lock({SchemaLock})";

    // The order of bytes, which no locale changes.
    public override string ColumnType(Type type) =>
        (Nullable.GetUnderlyingType(type) ?? type) switch
        {
            var t when t == typeof(bool) => "boolean",
            var t when t == typeof(int) => "integer",
            var t when t == typeof(long) => "bigint",
            var t when t == typeof(float) => "real",
            var t when t == typeof(double) => "double precision",
            var t when t == typeof(string) => "text COLLATE \"C\"",
            _ => "text[]",
        };

    public override string VectorType(int dimensions) => $"vector({dimensions})";

    public override string Contains(string column, string parameter) => $"{column} @> ARRAY[{parameter}]::text[]";

    public override string TagInRange(string column, string prefix, string sign, string value, bool isNumber)
    {
        var rest = $"substr(tag, length({prefix}) + 1)";
        var number = $"length({rest}) <= {MetadataValue.MaxNumberLength} AND {rest} ~ '{MetadataValue.NumberPattern}'";
        // CASE, since a cast in a condition joined by AND might be tried on any text.
        var comparison = isNumber
            ? $"CASE WHEN {number} THEN {rest}::double precision {sign} {value} ELSE FALSE END"
            : $"CASE WHEN {number} THEN FALSE ELSE {rest} COLLATE \"C\" {sign} {value} END";
        return $"EXISTS (SELECT 1 FROM unnest({column}) tag WHERE starts_with(tag, {prefix}) AND {comparison})";
    }

    public override object FromColumn(object value, Type type) =>
        value switch
        {
            Pgvector.Vector vector => vector.Memory,
            string[] list when type == typeof(List<string>) => list.ToList(),
            _ => value,
        };

    protected override object ToParameter(object value) =>
        value switch
        {
            ReadOnlyMemory<float> vector => new Pgvector.Vector(vector),
            IEnumerable<string> list => list.ToArray(),
            _ => value,
        };

    protected override async Task<T> TransactAsync<T>(bool writes, Func<DbConnection, Task<T>> work, CancellationToken cancellationToken)
    {
        await using var connection = await (_source ?? await StartAsync(cancellationToken)).OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var result = await work(connection);
        await transaction.CommitAsync(cancellationToken);
        return result;
    }

    public override async Task MarkSchemaAsync(DbConnection connection, CancellationToken cancellationToken)
    {
        await using var command = Command(
            connection,
            $"CREATE TABLE IF NOT EXISTS {SchemaTable} (version bigint NOT NULL); INSERT INTO {SchemaTable} SELECT {SchemaVersion} "
                + $"WHERE NOT EXISTS (SELECT 1 FROM {SchemaTable})"
        );
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    protected override (StoreProblem? Problem, string? Sentence) Describe(DbException error) =>
        error switch
        {
            PostgresException { SqlState: PostgresErrorCodes.DiskFull } => (
                StoreProblem.Full,
                $"The disk of the store {Name} is full; make room, then write again."
            ),
            PostgresException { SqlState: PostgresErrorCodes.ReadOnlySqlTransaction } => (
                StoreProblem.ReadOnly,
                $"The store {Name} is read-only: it can be searched, but nothing can be written to it."
            ),
            PostgresException { SqlState: PostgresErrorCodes.LockNotAvailable } => (
                StoreProblem.Locked,
                $"The store {Name} is locked by another process."
            ),
            PostgresException other => (null, $"The store {Name} failed: {other.MessageText.TrimEnd('.')}."),
            _ => (null, null),
        };

    /// <summary>Makes sure of the extension before the first pooled connection looks up the types it brings.</summary>
    private async Task<NpgsqlDataSource> StartAsync(CancellationToken cancellationToken)
    {
        await _starting.WaitAsync(cancellationToken);
        try
        {
            if (_source is not null)
                return _source;
            await using (
                var connection = new NpgsqlConnection(
                    new NpgsqlConnectionStringBuilder(_settings.ConnectionString) { Pooling = false }.ConnectionString
                )
            )
            {
                await connection.OpenAsync(cancellationToken);
                // A store that is read-only, such as a replica, may only be asked.
                if (!await HasAsync(connection, "SELECT count(*) FROM pg_extension WHERE extname = 'vector'", cancellationToken))
                {
                    await using var command = Command(
                        connection,
                        $"SELECT pg_advisory_lock({SchemaLock}); CREATE EXTENSION IF NOT EXISTS vector"
                    );
                    await command.ExecuteNonQueryAsync(cancellationToken);
                }
                if (await HasAsync(connection, $"SELECT count(to_regclass('{SchemaTable}'))", cancellationToken))
                {
                    await using var command = Command(connection, $"SELECT max(version) FROM {SchemaTable}");
                    if (await command.ExecuteScalarAsync(cancellationToken) is long version)
                        RequireKnown(version);
                }
            }
            var builder = new NpgsqlDataSourceBuilder(_settings.ConnectionString);
            builder.UseVector();
            return _source = builder.Build();
        }
        catch (PostgresException e)
            when (e.SqlState
                    is PostgresErrorCodes.FeatureNotSupported
                        or PostgresErrorCodes.UndefinedFile
                        or PostgresErrorCodes.InsufficientPrivilege
            )
        {
            throw new VectorStoreException(
                $"The store {Name} has no pgvector: {e.MessageText}; install it (Debian: postgresql-17-pgvector), or let an "
                    + "administrator run CREATE EXTENSION vector.",
                e
            );
        }
        finally
        {
            _starting.Release();
        }
    }

    private async Task<bool> HasAsync(NpgsqlConnection connection, string count, CancellationToken cancellationToken)
    {
        await using var command = Command(connection, count);
        return await command.ExecuteScalarAsync(cancellationToken) is > 0L;
    }

    public override void Dispose()
    {
        _source?.Dispose();
        _starting.Dispose();
    }
}
