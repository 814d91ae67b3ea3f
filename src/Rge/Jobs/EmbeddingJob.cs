using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Rge.Files;

namespace Rge.Jobs;

/// <summary>
/// Embeds the rows of a JSON Lines file into another, a line a row in the same order, and resumes after being stopped at any moment. Rows
/// that are embedded are appended to OUTPUT.part; OUTPUT appears when all of them are done. A row that fails does not affect the others.
/// </summary>
/// <remarks>
/// OUTPUT.job beside the output records the settings. The same job again embeds only rows that failed and rows whose images have
/// changed since.
/// </remarks>
public sealed class EmbeddingJob
{
    /// <summary>Rows that are embedded and then written together.</summary>
    private const int ChunkRows = 64;

    private readonly string _part,
        _record;

    /// <summary>Reads the rows; nothing is embedded or written yet.</summary>
    /// <param name="input">A JSON Lines file, see <see cref="EmbeddingRows"/>.</param>
    /// <param name="output">The JSON Lines file to write.</param>
    /// <param name="onError">What to do about rows that cannot be embedded.</param>
    /// <exception cref="EmbeddingJobException">
    /// The input cannot be read; where rows are not to be skipped, the first line that cannot be read is named.
    /// </exception>
    public EmbeddingJob(string input, string output, FailureAction onError = FailureAction.Fail)
    {
        ArgumentException.ThrowIfNullOrEmpty(output);
        (Input, Output, OnError, _part, _record) = (input, output, onError, output + ".part", output + ".job");
        Rows = EmbeddingRows.Read(input);
        if (IsSameFile(input, output))
            throw new EmbeddingJobException($"{output} is the input, expected another file to write.");
        if (Directory.Exists(output))
            throw new EmbeddingJobException($"{output} is a folder, expected the name of a file to write.");
        if (onError == FailureAction.Skip || !Rows.Any(row => row.Problem is not null))
            return;
        var (bad, more) = (Rows.First(row => row.Problem is not null), Rows.Count(row => row.Problem is not null) - 1);
        throw new EmbeddingJobException($"{input}, line {bad.Line}: {bad.Problem}{(more > 0 ? $" (and {more} more such lines)" : "")}.");
    }

    /// <summary>The file that is read.</summary>
    public string Input { get; }

    /// <summary>The file that is written.</summary>
    public string Output { get; }

    /// <summary>What is done about rows that cannot be embedded.</summary>
    public FailureAction OnError { get; }

    /// <summary>The rows of the input.</summary>
    public IReadOnlyList<EmbeddingRow> Rows { get; }

    /// <summary>Deletes the output and what an unfinished run has left, so that all rows are embedded again.</summary>
    public void DiscardOutput()
    {
        foreach (var path in (string[])[_part, Output, _record])
            File.Delete(path);
    }

    /// <summary>Embeds the rows that are missing, and writes the output.</summary>
    /// <param name="embedder">The embedder.</param>
    /// <param name="settings"> What the embeddings depend on beside the model, which is identified by its <see cref="ModelFingerprint"/>:
    /// an output that was started with other settings is refused.
    /// </param>
    /// <param name="progress">Receives the number of rows that are embedded; first that of earlier runs.</param>
    /// <param name="cancellationToken">Stops the work; what is embedded is kept.</param>
    /// <exception cref="EmbeddingJobException">The output is of other rows, another model or other settings, cannot be written, or
    /// another run is writing it.</exception>
    public async Task<EmbeddingJobOutcome> RunAsync(
        ReasoningEmbedder embedder,
        string settings,
        IProgress<EmbeddingProgress>? progress = null,
        CancellationToken cancellationToken = default
    )
    {
        ArgumentNullException.ThrowIfNull(embedder);
        settings = $"{settings} {ModelFingerprint.Compute(embedder)}";
        if (File.Exists(Output) && !File.Exists(_part))
        {
            var known = Record(settings);
            if (Rows.All(row => known.Contains(row.Key)))
                return new EmbeddingJobOutcome
                {
                    Rows = Rows.Count,
                    Kept = Rows.Count,
                    Failures = [],
                    IsWritten = true,
                    WasComplete = true,
                };
            Reopen(settings, known);
        }
        using var part = Open();
        var done = new EmbeddingJournal(part, Header(settings));
        var kept = Rows.Count(row => done.Has(row.Key));
        var failures = Rows.Where(row => row.Problem is not null)
            .Select(row => new EmbeddingJobFailure(row.Line, row.Id, row.Problem!))
            .ToList();
        EmbeddingRow[] missing = [.. Rows.Where(row => row.Item is not null && !done.Has(row.Key))];
        progress?.Report(new EmbeddingProgress(kept, Rows.Count, 0));
        var tokens = 0L;
        foreach (var (start, rows) in missing.Chunk(ChunkRows).Select((rows, i) => (i * ChunkRows, rows)))
        {
            var before = tokens;
            var inner = progress is null
                ? null
                : new Relay<EmbeddingProgress>(p =>
                    progress.Report(new EmbeddingProgress(kept + start + p.Completed, Rows.Count, before + p.RationaleTokens))
                );
            var results = await embedder.TryEmbedAsync(
                [.. rows.Select(row => row.Item!)],
                new ReasoningEmbeddingOptions { Progress = inner },
                cancellationToken
            );
            done.Append(rows.Zip(results).Where(pair => pair.Second.Succeeded).Select(pair => (pair.First, pair.Second.Embedding!)));
            foreach (var (row, result) in rows.Zip(results))
            {
                if (result.Succeeded)
                    tokens += result.Embedding.RationaleIds.Count;
                else
                    failures.Add(new EmbeddingJobFailure(row.Line, row.Id, result.Error.Problem));
            }
        }
        failures.Sort((a, b) => a.Line.CompareTo(b.Line));
        var isWritten = failures.Count == 0 || OnError == FailureAction.Skip;
        if (isWritten)
            Publish(done, failures, settings);
        return new EmbeddingJobOutcome
        {
            Rows = Rows.Count,
            Kept = kept,
            Failures = failures,
            IsWritten = isWritten,
        };
    }

    /// <summary>One result as a line of the output.</summary>
    public static JsonObject ToJson(ReasoningEmbedding embedding)
    {
        ArgumentNullException.ThrowIfNull(embedding);
        return new JsonObject
        {
            ["rationale"] = embedding.Rationale,
            ["rationale_tokens"] = embedding.RationaleIds.Count,
            ["prompt_tokens"] = embedding.PromptTokens,
            ["embedding"] = new JsonArray([.. embedding.Vector.ToArray().Select(v => (JsonNode)v)]),
        };
    }

    /// <summary>Whether two paths lead to one file, by a link too.</summary>
    private static bool IsSameFile(string path, string other)
    {
        return Target(path) == Target(other);

        static string Target(string path) =>
            (File.Exists(path) ? File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName : null) ?? Path.GetFullPath(path);
    }

    private static string Header(string settings) => new JsonObject { ["settings"] = settings }.ToJsonString();

    private LineJournal Open()
    {
        try
        {
            // Other writers are refused meanwhile.
            return LineJournal.Open(_part);
        }
        catch (DirectoryNotFoundException e)
        {
            throw new EmbeddingJobException($"{Output} cannot be written: its folder does not exist.", e);
        }
        catch (IOException e) when (FileProblem.IsInUse(e))
        {
            throw new EmbeddingJobException($"{_part} is being written by another run: {FileProblem.Of(_part, e)}.", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new EmbeddingJobException($"{_part} cannot be written: {FileProblem.Of(_part, e)}.", e);
        }
    }

    /// <summary>The keys of the rows whose embeddings the output has.</summary>
    private HashSet<string> Record(string settings)
    {
        const string Ways = "choose another output, or overwrite this one";
        try
        {
            var record = JsonNode.Parse(FileReader.ReadBytes(_record))!;
            string[] keys = [.. record["rows"]!.AsArray().Select(key => (string)key!)];
            if (keys.Length != Rows.Count || !keys.Zip(Rows).All(pair => EmbeddingRow.SaysTheSame(pair.First, pair.Second.Key)))
                throw new EmbeddingJobException($"{Output} exists and was made from other rows; {Ways}.");
            if ((string?)record["settings"] != settings)
                throw new EmbeddingJobException($"{Output} exists and was made with another model or other settings; {Ways}.");
            var failed = record["failed"]!.AsArray().Select(index => keys[(int)index!]);
            return [.. keys.Except(failed, StringComparer.Ordinal)];
        }
        catch (Exception e)
            when (e
                    is FileNotFoundException
                        or JsonException
                        or InvalidOperationException
                        or NullReferenceException
                        or ArgumentOutOfRangeException
            )
        {
            throw new EmbeddingJobException($"{Output} exists, and nothing says what it was made from; {Ways}.", e);
        }
    }

    /// <summary>Begins again with what a finished output has, without its rows that failed or whose images have changed.</summary>
    private void Reopen(string settings, HashSet<string> known)
    {
        AtomicFile.Write(_part, stream =>
        {
            stream.Write(Encoding.UTF8.GetBytes(Header(settings) + "\n"));
            foreach (var (row, line) in Rows.Zip(FileReader.ReadLines(Output)))
                if (known.Contains(row.Key))
                    stream.Write(Encoding.UTF8.GetBytes(EmbeddingJournal.Keyed(row.Key, line) + "\n"));
        });
    }

    private void Publish(EmbeddingJournal done, IReadOnlyList<EmbeddingJobFailure> failures, string settings)
    {
        var problems = failures.ToDictionary(failure => failure.Line);
        AtomicFile.WriteText(
            _record,
            new JsonObject
            {
                ["settings"] = settings,
                ["rows"] = new JsonArray([.. Rows.Select(row => (JsonNode)row.Key)]),
                ["failed"] = new JsonArray([
                    .. Rows.Index().Where(row => problems.ContainsKey(row.Item.Line)).Select(row => (JsonNode)row.Index),
                ]),
            }.ToJsonString() + "\n"
        );
        AtomicFile.Write(Output, stream =>
        {
            foreach (var row in Rows)
            {
                if (problems.GetValueOrDefault(row.Line) is not { } failure)
                    done.CopyTo(stream, row.Key);
                else
                    stream.Write(Encoding.UTF8.GetBytes(ToJson(failure).ToJsonString() + "\n"));
            }
        });
        File.Delete(_part);
    }

    private static JsonObject ToJson(EmbeddingJobFailure failure)
    {
        var line = new JsonObject { ["error"] = failure.Problem };
        if (failure.Id is not null)
            line.Insert(0, "id", failure.Id);
        return line;
    }
}
