using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Rge.Cli.Verbs;
using Rge.Models;

namespace Rge.Cli;

/// <summary>
/// Embeds the rows of a file into another, and goes on after being stopped at any moment: finished rows are appended to OUTPUT.part,
/// which begins with a line that names input and settings, and OUTPUT appears when all rows are there.
/// </summary>
internal sealed class EmbedJob
{
    /// <summary>Rows that are embedded and then written together.</summary>
    private const int ChunkRows = 64;

    private readonly List<(string? Id, EmbeddingInput Item)> _rows;
    private readonly string _header;
    private readonly string _part;

    /// <exception cref="CliException">A row cannot be read, or the output belongs to other rows or settings.</exception>
    public EmbedJob(string input, string output, string settings, bool overwrite)
    {
        (Output, _part) = (output, output + ".part");
        _rows = RowReader.Read(input);
        var digest = Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(input)));
        _header = new JsonObject { ["input"] = digest, ["settings"] = settings }.ToJsonString();
        if (overwrite)
        {
            File.Delete(_part);
            File.Delete(output);
        }
        if (File.Exists(output)) IsDone = CountLines(output) == _rows.Count ? true : throw new CliException($"{output} exists and was made from other rows; choose another --output, or give --overwrite.");
        else if (File.Exists(_part) && File.ReadLines(_part).FirstOrDefault() is { } begun && begun != _header)
            throw new CliException($"{_part} was begun with another input or other settings; run it as before, or give --overwrite.");
    }

    /// <summary>The file that is written.</summary>
    public string Output { get; }

    /// <summary>True when the output is there with a line for each row.</summary>
    public bool IsDone { get; }

    public async Task RunAsync(Func<ReasoningEmbedder> load, Terminal terminal, CancellationToken cancellationToken)
    {
        var done = Resume();
        if (done > 0) terminal.Remark($"Going on after {done} of {_rows.Count} rows.");
        if (done < _rows.Count)
        {
            using var embedder = load();
            await ProgressReport.RunAsync(terminal, "rows", async progress =>
            {
                for (var start = done; start < _rows.Count; start += ChunkRows)
                {
                    var before = start;
                    var chunk = _rows[start..Math.Min(start + ChunkRows, _rows.Count)];
                    var inner = new ProgressReport.Callback(p => progress.Report(new EmbeddingProgress(before + p.Completed, _rows.Count, p.RationaleTokens)));
                    Append(chunk, await embedder.EmbedAsync([.. chunk.Select(row => row.Item)], new ReasoningEmbeddingOptions { Progress = inner }, cancellationToken));
                }
                return true;
            });
        }
        // The header was for resuming only.
        AtomicFile.Write(Output, stream =>
        {
            using var part = File.OpenRead(_part);
            part.Position = Encoding.UTF8.GetByteCount(_header) + 1;
            part.CopyTo(stream);
        });
        File.Delete(_part);
        terminal.Remark($"Wrote {_rows.Count} rows to {Output}.");
    }

    /// <summary>Cuts off a line that was being written when the process stopped, and counts the whole ones.</summary>
    private int Resume()
    {
        using var part = new FileStream(_part, FileMode.OpenOrCreate, FileAccess.ReadWrite);
        var (lines, end) = (0, 0L);
        for (int next; (next = part.ReadByte()) >= 0;)
            if (next == '\n') (lines, end) = (lines + 1, part.Position);
        part.SetLength(end);
        if (lines > 0) return lines - 1;
        part.Write(Encoding.UTF8.GetBytes(_header + "\n"));
        part.Flush(flushToDisk: true);
        return 0;
    }

    private void Append(List<(string? Id, EmbeddingInput Item)> rows, ReasoningEmbedding[] embeddings)
    {
        var text = new StringBuilder();
        foreach (var ((id, _), embedding) in rows.Zip(embeddings))
        {
            var line = EmbedVerb.ToJson(embedding);
            if (id is not null) line.Insert(0, "id", id);
            text.Append(line.ToJsonString()).Append('\n');
        }
        using var part = new FileStream(_part, FileMode.Append, FileAccess.Write);
        part.Write(Encoding.UTF8.GetBytes(text.ToString()));
        part.Flush(flushToDisk: true);
    }

    private static int CountLines(string path) => File.ReadLines(path).Count();
}
