using System.Text;
using Rge.Files;

namespace Rge.Jobs;

/// <summary>The rows that are embedded so far: a journal of a header and a line a row. Not thread-safe.</summary>
internal sealed class EmbeddingJournal
{
    /// <summary>Bytes of a line that stand before what the output has after its opening brace.</summary>
    private static readonly int Prefix = BeforeKey.Length + EmbeddingRows.KeyLength + 2;

    private readonly LineJournal _file;
    private readonly Dictionary<string, (long Start, int Length)> _lines = new(StringComparer.Ordinal);

    /// <summary>Reads the existing lines.</summary>
    /// <param name="file">The file; borrowed.</param>
    /// <param name="header">Its first line: what the rows were embedded with.</param>
    /// <exception cref="EmbeddingJobException">The file was started with another header.</exception>
    public EmbeddingJournal(LineJournal file, string header)
    {
        _file = file;
        var first = Encoding.UTF8.GetBytes(header);
        foreach (var (start, content) in file.Lines())
        {
            var line = content.Span;
            if (start == 0 && !line.SequenceEqual(first))
                throw new EmbeddingJobException(
                    $"{file.Path} was begun with another model or other settings; run it as before, or overwrite it."
                );
            if (start > 0 && line.Length > Prefix && line.StartsWith(BeforeKey))
                _lines[Encoding.UTF8.GetString(line.Slice(BeforeKey.Length, EmbeddingRows.KeyLength))] = (start, line.Length);
        }
        if (!file.IsEmpty)
            return;
        file.Append(first);
        file.Flush();
    }

    private static ReadOnlySpan<byte> BeforeKey => "{\"key\":\""u8;

    /// <summary>Whether a row is done.</summary>
    public bool Has(string key) => _lines.ContainsKey(key);

    /// <summary>A line of the output as the journal has it.</summary>
    public static string Keyed(string key, string line) => $"{{\"key\":\"{key}\",{line.AsSpan(1)}";

    /// <summary>Appends rows and flushes them to disk.</summary>
    public void Append(IEnumerable<(EmbeddingRow Row, ReasoningEmbedding Embedding)> rows)
    {
        foreach (var (row, embedding) in rows)
        {
            var json = EmbeddingJob.ToJson(embedding);
            if (row.Id is not null)
                json.Insert(0, "id", row.Id);
            var line = Encoding.UTF8.GetBytes(Keyed(row.Key, json.ToJsonString()));
            _lines[row.Key] = (_file.Append(line).Start, line.Length);
        }
        _file.Flush();
    }

    /// <summary>Writes a row as the output has it, with its line end.</summary>
    public void CopyTo(Stream output, string key)
    {
        var (start, length) = _lines[key];
        var line = new byte[length - Prefix];
        _file.ReadExactly(start + Prefix, line);
        output.WriteByte((byte)'{');
        output.Write(line);
        output.WriteByte((byte)'\n');
    }
}
