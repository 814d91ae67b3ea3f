using System.Text;

namespace Rge.Jobs;

/// <summary>The rows that are embedded so far: a file of a header and a line a row, which is only appended to. Not thread-safe.</summary>
internal sealed class EmbeddingJournal
{
    /// <summary>Bytes of a line that stand before what the output has after its opening brace.</summary>
    private static readonly int Prefix = BeforeKey.Length + EmbeddingRows.KeyLength + 2;

    private readonly FileStream _file;
    private readonly Dictionary<string, (long Start, int Length)> _lines = new(StringComparer.Ordinal);

    /// <summary>Reads what is there, and cuts off a line that was being written when a process stopped.</summary>
    /// <exception cref="EmbeddingJobException">The file was begun under another header.</exception>
    public EmbeddingJournal(FileStream file, string header)
    {
        _file = file;
        var (end, first) = (0L, Encoding.UTF8.GetBytes(header));
        foreach (var (start, line) in Lines())
        {
            if (start == 0 && !line.AsSpan().SequenceEqual(first))
                throw new EmbeddingJobException($"{file.Name} was begun with another model or other settings; run it as before, or overwrite it.");
            if (start > 0 && line.Length > Prefix && line.AsSpan().StartsWith(BeforeKey))
                _lines[Encoding.UTF8.GetString(line, BeforeKey.Length, EmbeddingRows.KeyLength)] = (start, line.Length);
            end = start + line.Length + 1;
        }
        file.SetLength(end);
        file.Position = end;
        if (end > 0) return;
        file.Write(Encoding.UTF8.GetBytes(header + "\n"));
        file.Flush(flushToDisk: true);
    }

    private static ReadOnlySpan<byte> BeforeKey => "{\"key\":\""u8;

    /// <summary>Whether a row is there.</summary>
    public bool Has(string key) => _lines.ContainsKey(key);

    /// <summary>A line of the output as the journal has it.</summary>
    public static string Keyed(string key, string line) => $"{{\"key\":\"{key}\",{line.AsSpan(1)}";

    /// <summary>Appends rows and brings them to the disk.</summary>
    public void Append(IEnumerable<(EmbeddingRow Row, ReasoningEmbedding Embedding)> rows)
    {
        _file.Position = _file.Length;
        foreach (var (row, embedding) in rows)
        {
            var json = EmbeddingJob.ToJson(embedding);
            if (row.Id is not null) json.Insert(0, "id", row.Id);
            var line = Encoding.UTF8.GetBytes(Keyed(row.Key, json.ToJsonString()));
            _lines[row.Key] = (_file.Position, line.Length);
            _file.Write(line);
            _file.WriteByte((byte)'\n');
        }
        _file.Flush(flushToDisk: true);
    }

    /// <summary>Writes a row as the output has it, with its line end.</summary>
    public void CopyTo(Stream output, string key)
    {
        var (start, length) = _lines[key];
        var line = new byte[length - Prefix];
        _file.Position = start + Prefix;
        _file.ReadExactly(line);
        output.WriteByte((byte)'{');
        output.Write(line);
        output.WriteByte((byte)'\n');
    }

    /// <summary>The whole lines and where each begins.</summary>
    private IEnumerable<(long Start, byte[] Line)> Lines()
    {
        _file.Position = 0;
        var (buffer, line, start) = (new byte[1 << 16], new List<byte>(), 0L);
        for (int read; (read = _file.Read(buffer)) > 0;)
        {
            for (var (from, end) = (0, 0); from < read; from = end + 1)
            {
                end = Array.IndexOf(buffer, (byte)'\n', from, read - from);
                line.AddRange(buffer.AsSpan(from, (end < 0 ? read : end) - from));
                if (end < 0) break;
                yield return (start, [.. line]);
                start += line.Count + 1;
                line.Clear();
            }
        }
    }
}
