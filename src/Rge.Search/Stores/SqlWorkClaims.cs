namespace Rge.Search.Stores;

/// <summary>
/// Claims as rows of a table that all collections of a database share. Time is the database's, so that clocks of workers do not matter.
/// </summary>
/// <remarks>
/// An insert that yields to a live claim does what a queue read with SKIP LOCKED would, but needs no queue to be filled first, and no
/// transaction to stay open while a worker computes.
/// </remarks>
internal sealed class SqlWorkClaims(SqlDatabase database) : IWorkClaims
{
    public const string Table = "rge_claims";

    private volatile bool _exists;

    public async Task<IReadOnlySet<string>> AcquireAsync(
        string scope,
        string worker,
        IReadOnlyCollection<string> keys,
        TimeSpan lease,
        CancellationToken cancellationToken = default
    )
    {
        await EnsureExistsAsync(cancellationToken);
        var statement = $"""
            INSERT INTO {Table} (scope, key, worker, expires) VALUES (@p0, @p1, @p2, {database.Now} + @p3)
            ON CONFLICT (scope, key) DO UPDATE SET worker = excluded.worker, expires = excluded.expires
            WHERE {Table}.worker = excluded.worker OR {Table}.expires < {database.Now}
            RETURNING key
            """;
        return await database.RunAsync(
            writes: true,
            async connection =>
            {
                var held = new HashSet<string>(StringComparer.Ordinal);
                // In one order for all workers, so that none waits for another that waits for it.
                foreach (var key in keys.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal))
                {
                    await using var command = database.Command(connection, statement, scope, key, worker, lease.TotalSeconds);
                    if (await command.ExecuteScalarAsync(cancellationToken) is string)
                        held.Add(key);
                }
                return held;
            },
            cancellationToken
        );
    }

    public Task RenewAsync(string worker, TimeSpan lease, CancellationToken cancellationToken = default) =>
        ExecuteAsync(
            $"UPDATE {Table} SET expires = {database.Now} + @p1 WHERE worker = @p0",
            [
                [worker, lease.TotalSeconds],
            ],
            cancellationToken
        );

    public async Task<IReadOnlyList<string>> WorkersAsync(CancellationToken cancellationToken = default) =>
        await database.ReadAsync<string>($"SELECT DISTINCT worker FROM {Table}", [], cancellationToken);

    public Task ReleaseAllAsync(string worker, CancellationToken cancellationToken = default) =>
        ExecuteAsync(
            $"DELETE FROM {Table} WHERE worker = @p0",
            [
                [worker],
            ],
            cancellationToken
        );

    public Task ReleaseAsync(
        string scope,
        string worker,
        IReadOnlyCollection<string> keys,
        CancellationToken cancellationToken = default
    ) =>
        ExecuteAsync(
            $"DELETE FROM {Table} WHERE scope = @p0 AND worker = @p1 AND key = @p2",
            keys.Order(StringComparer.Ordinal).Select(key => (object[])[scope, worker, key]),
            cancellationToken
        );

    private Task ExecuteAsync(string statement, IEnumerable<object[]> rows, CancellationToken cancellationToken) =>
        database.RunAsync(
            writes: true,
            async connection =>
            {
                foreach (var row in rows)
                {
                    await using var command = database.Command(connection, statement, row);
                    await command.ExecuteNonQueryAsync(cancellationToken);
                }
                return true;
            },
            cancellationToken
        );

    private async Task EnsureExistsAsync(CancellationToken cancellationToken)
    {
        if (_exists)
            return;
        var text = database.ColumnType(typeof(string));
        await database.ExecuteAsync(
            [
                database.LockSchema,
                $"CREATE TABLE IF NOT EXISTS {Table} (scope {text} NOT NULL, key {text} NOT NULL, worker {text} NOT NULL, expires "
                    + $"{database.ColumnType(typeof(double))} NOT NULL, PRIMARY KEY (scope, key))",
                $"CREATE INDEX IF NOT EXISTS {Table}_worker ON {Table} (worker)",
            ],
            cancellationToken
        );
        _exists = true;
    }
}
