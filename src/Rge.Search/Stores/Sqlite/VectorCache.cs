using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using Microsoft.Data.Sqlite;

namespace Rge.Search.Stores.Sqlite;

/// <summary>
/// The vectors of one collection in memory, at length 1, in blocks; searched by comparing all. Kept up with what this process and others
/// write: rows of a higher number than the last are new, and where the count does not fit then, some are gone. Thread-safe.
/// </summary>
internal sealed class VectorCache(SqliteDatabase database, string table, string keyColumn, string vectorColumn, int dimensions)
    : IDisposable
{
    /// <summary>The column that numbers rows in the order in which they were written.</summary>
    public const string RowNumber = "row_number";

    // Held while it is looked whether something has changed, so that searches wait for each other no longer than that.
    private readonly Lock _watching = new();
    private readonly ReaderWriterLockSlim _lock = new();
    private readonly int _rowsOfBlock = Math.Max(1, (1 << 18) / dimensions);
    private readonly List<float[]> _blocks = [];
    private readonly List<long> _rows = [];
    private SqliteConnection? _connection;
    private (long Data, long Schema) _version = (-1, -1);
    private string? _stamp;

    /// <summary>The rows nearest to a vector, best first; of equal ones, the one written first.</summary>
    /// <param name="query">Of any length.</param>
    /// <param name="among">Numbers of the rows to compare, ascending; <see langword="null"/> for all.</param>
    /// <param name="top">How many.</param>
    /// <param name="cancellationToken">Stops between two blocks.</param>
    public IReadOnlyList<(long Row, float Score)> Search(
        ReadOnlyMemory<float> query,
        List<long>? among,
        int top,
        CancellationToken cancellationToken
    )
    {
        Refresh();
        var unit = Normalize(query.Span);
        _lock.EnterReadLock();
        try
        {
            var best = new NearestRows(top);
            if (among is not null)
                ScanSome(unit, among, best);
            else
            {
                // Lists of the best are merged at the end, so that blocks need no lock.
                var parts = new NearestRows[_blocks.Count];
                Parallel.For(0, _blocks.Count, new ParallelOptions { CancellationToken = cancellationToken }, block =>
                    parts[block] = ScanBlock(unit, block, top)
                );
                foreach (var part in parts)
                    best.AddAll(part);
            }
            return best.InOrder();
        }
        finally
        {
            _lock.ExitReadLock();
        }
    }

    private NearestRows ScanBlock(float[] unit, int block, int top)
    {
        var best = new NearestRows(top);
        var first = block * _rowsOfBlock;
        for (var i = first; i < Math.Min(first + _rowsOfBlock, _rows.Count); i++)
            best.Add(_rows[i], TensorPrimitives.Dot(unit, Vector(i)));
        return best;
    }

    private void ScanSome(float[] unit, List<long> among, NearestRows best)
    {
        // Both are ascending. A row that is not here yet, or no longer, is passed over.
        for (var (i, j) = (0, 0); i < _rows.Count && j < among.Count; )
        {
            if (_rows[i] == among[j])
                best.Add(_rows[i], TensorPrimitives.Dot(unit, Vector(i)));
            if (_rows[i] <= among[j])
                i++;
            else
                j++;
        }
    }

    private Span<float> Vector(int index) => _blocks[index / _rowsOfBlock].AsSpan(index % _rowsOfBlock * dimensions, dimensions);

    /// <summary>Reads what has changed since the last time.</summary>
    private void Refresh()
    {
        lock (_watching)
        {
            try
            {
                Connect();
                // Commits of other connections change the first number, and whatever makes or drops tables the second.
                var version = (Number("PRAGMA data_version"), Number("PRAGMA schema_version"));
                if (version != _version)
                    Read(version);
            }
            catch (SqliteException e)
            {
                throw database.Failure(e);
            }
        }
    }

    /// <summary>Opens the connection where there is none, and anew where a file that can only be read was changed from elsewhere.</summary>
    private void Connect()
    {
        if (_stamp is not null && _stamp != database.Stamp())
        {
            _connection?.Dispose();
            (_connection, _version) = (null, (-1, -1));
        }
        if (_connection is not null)
            return;
        _connection = database.Open();
        _stamp = database.ReadOnlyStamp;
    }

    private void Read((long Data, long Schema) version)
    {
        _lock.EnterWriteLock();
        try
        {
            using var transaction = _connection!.BeginTransaction(deferred: true);
            if (version.Schema != _version.Schema)
                Clear();
            ReadNew();
            if (Number($"SELECT count(*) FROM {SqlDatabase.Quote(table)}") != _rows.Count)
                DropMissing();
            _version = version;
        }
        catch
        {
            Clear();
            throw;
        }
        finally
        {
            _lock.ExitWriteLock();
        }
    }

    private void ReadNew()
    {
        using var command = _connection!.CreateCommand();
        command.CommandText =
            $"SELECT {RowNumber}, {SqlDatabase.Quote(vectorColumn)} FROM {SqlDatabase.Quote(table)} WHERE {RowNumber} > "
            + $"{(_rows.Count == 0 ? 0 : _rows[^1])} ORDER BY {RowNumber}";
        using var reader = command.ExecuteReader();
        while (reader.Read())
        {
            var bytes = reader.GetValue(1) as byte[] ?? [];
            if (bytes.Length != dimensions * sizeof(float))
                throw Damaged(reader.GetInt64(0), bytes.Length);
            var vector = MemoryMarshal.Cast<byte, float>(bytes);
            if (_rows.Count == _blocks.Count * _rowsOfBlock)
                _blocks.Add(GC.AllocateUninitializedArray<float>(_rowsOfBlock * dimensions));
            _rows.Add(reader.GetInt64(0));
            Normalize(vector).CopyTo(Vector(_rows.Count - 1));
        }
    }

    private StoreException Damaged(long row, int bytes)
    {
        using var command = _connection!.CreateCommand();
        command.CommandText = $"SELECT {SqlDatabase.Quote(keyColumn)} FROM {SqlDatabase.Quote(table)} WHERE {RowNumber} = {row}";
        var key = command.ExecuteScalar()?.ToString() ?? "";
        return StoreException.Damaged(
            database.SystemName,
            database.Name,
            table,
            key,
            $"has a vector of {bytes} bytes, expected {dimensions * sizeof(float)}"
        );
    }

    /// <summary>Closes the gaps of rows that are gone.</summary>
    private void DropMissing()
    {
        var present = new HashSet<long>();
        using (var command = _connection!.CreateCommand())
        {
            command.CommandText = $"SELECT {RowNumber} FROM {SqlDatabase.Quote(table)}";
            using var reader = command.ExecuteReader();
            while (reader.Read())
                present.Add(reader.GetInt64(0));
        }
        var kept = 0;
        for (var i = 0; i < _rows.Count; i++)
        {
            if (!present.Contains(_rows[i]))
                continue;
            if (kept < i)
                Vector(i).CopyTo(Vector(kept));
            _rows[kept++] = _rows[i];
        }
        _rows.RemoveRange(kept, _rows.Count - kept);
        var blocks = (kept + _rowsOfBlock - 1) / _rowsOfBlock;
        _blocks.RemoveRange(blocks, _blocks.Count - blocks);
    }

    private void Clear()
    {
        _rows.Clear();
        _blocks.Clear();
        _version = (-1, -1);
    }

    private long Number(string query)
    {
        using var command = _connection!.CreateCommand();
        command.CommandText = query;
        return (long)command.ExecuteScalar()!;
    }

    private static float[] Normalize(ReadOnlySpan<float> vector)
    {
        var (norm, unit) = (TensorPrimitives.Norm(vector), vector.ToArray());
        if (norm > 0)
            TensorPrimitives.Divide(vector, norm, unit);
        return unit;
    }

    public void Dispose()
    {
        _connection?.Dispose();
        _lock.Dispose();
    }
}
