using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Rge.Files;

namespace Rge.Evaluation.Mmeb;

/// <summary>
/// The files of a subset: <c>predictions.jsonl</c>, a line for each row; <c>samples.json</c>, a few rows in full; <c>failures.jsonl</c>, a
/// line for each item that could not be embedded, where there are some; the embeddings, where they are wanted; and <c>scores.json</c>,
/// which is written last.
/// </summary>
/// <param name="root">The folder of the model's results; see <see cref="ResultFolder"/>.</param>
/// <param name="reasoning">Whether queries wrote a rationale.</param>
/// <param name="subset">Name of the subset.</param>
public sealed class SubsetFolder(string root, bool reasoning, string subset)
{
    private const string Scores = "scores.json",
        Samples = "samples.json",
        Predictions = "predictions.jsonl",
        Failures = "failures.jsonl";
    private const int TopCandidates = 5;

    private static readonly JsonSerializerOptions Json = new()
    {
        WriteIndented = true,
        IndentSize = 1,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private static readonly JsonSerializerOptions Lines = new(Json) { WriteIndented = false };

    private readonly string _folder = Path.Combine(root, reasoning ? "on" : "off", subset);

    /// <summary>The scores; <see langword="null"/> where the subset has not been evaluated to its end.</summary>
    /// <exception cref="EvaluationException">The file is damaged.</exception>
    public SubsetScore? ReadScore() => Read<SubsetScore>(Scores);

    /// <summary>The rows that were kept in full.</summary>
    /// <exception cref="EvaluationException">The file is damaged.</exception>
    public IReadOnlyList<SampleRow> ReadSamples() => Read<SampleRow[]>(Samples) ?? [];

    /// <summary>The items that could not be embedded.</summary>
    /// <exception cref="EvaluationException">The file is damaged.</exception>
    public IReadOnlyList<ItemFailure> ReadFailures()
    {
        var path = Path.Combine(_folder, Failures);
        try
        {
            return File.Exists(path)
                ? [.. FileReader.ReadLines(path).Select(line => JsonSerializer.Deserialize<ItemFailure>(line, Json)!)]
                : [];
        }
        catch (JsonException e)
        {
            throw Damaged(path, e);
        }
    }

    /// <summary>The subsets that have been evaluated in a folder of results, by name.</summary>
    public static IEnumerable<SubsetFolder> In(string root, bool reasoning)
    {
        var folder = Path.Combine(root, reasoning ? "on" : "off");
        return !Directory.Exists(folder)
            ? []
            : Directory
                .EnumerateDirectories(folder)
                .Order(StringComparer.Ordinal)
                .Select(path => new SubsetFolder(root, reasoning, Path.GetFileName(path)));
    }

    internal void Write(SubsetResults results, SubsetScore score, MmebEvaluationOptions options)
    {
        Directory.CreateDirectory(_folder);
        // Half-written files of a run that was killed.
        foreach (var part in Directory.EnumerateFiles(_folder, "*.part"))
            File.Delete(part);
        // What is read as the result of these files goes first and comes last.
        File.Delete(Path.Combine(_folder, Scores));
        AtomicFile.Write(Path.Combine(_folder, Predictions), stream =>
        {
            using var writer = new StreamWriter(stream, new UTF8Encoding(false), leaveOpen: true);
            for (var row = 0; row < results.Count; row++)
                writer.Write(JsonSerializer.Serialize(Describe(results, row), Lines) + "\n");
        });
        File.Delete(Path.Combine(_folder, Failures));
        if (results.Failures() is { Count: > 0 } failures)
            AtomicFile.WriteText(
                Path.Combine(_folder, Failures),
                string.Concat(failures.Select(failure => JsonSerializer.Serialize(failure, Lines) + "\n"))
            );
        AtomicFile.WriteText(Path.Combine(_folder, Samples), JsonSerializer.Serialize(SampleRow.Choose(results, options.SampleRows), Json));
        EmbeddingFiles.Write(_folder, results, options.Embeddings);
        AtomicFile.WriteText(Path.Combine(_folder, Scores), JsonSerializer.Serialize(score, Json) + "\n");
    }

    private static Prediction Describe(SubsetResults results, int row)
    {
        if (results[row] is not { } result)
            return new Prediction { Row = row + 1, Skipped = results.Problem(row) };
        var query = results.Queries[row].Embedding!;
        return new Prediction
        {
            Row = row + 1,
            Hit = result.Rank == 1,
            Rank = result.Rank,
            Predicted = result.Predicted,
            Top = [.. result.Top(TopCandidates).Select(pair => new ScoredIndex(pair.Candidate, pair.Score))],
            RightScore = result.Scores[0],
            Candidates = result.Candidates.Length,
            Rationale = query.Rationale,
            RationaleTokens = query.RationaleTokens,
        };
    }

    private T? Read<T>(string name)
        where T : class
    {
        var path = Path.Combine(_folder, name);
        try
        {
            return File.Exists(path) ? JsonSerializer.Deserialize<T>(FileReader.ReadText(path), Json) : null;
        }
        catch (JsonException e)
        {
            throw Damaged(path, e);
        }
    }

    private static EvaluationException Damaged(string path, JsonException e) =>
        new($"{path} is damaged: delete it and evaluate the subset again; what is in the cache is not embedded again.", e);

    /// <summary>A line of predictions.jsonl.</summary>
    private sealed record Prediction
    {
        public required int Row { get; init; }

        public string? Skipped { get; init; }

        public bool? Hit { get; init; }

        public int? Rank { get; init; }

        public int? Predicted { get; init; }

        public IReadOnlyList<ScoredIndex>? Top { get; init; }

        public float? RightScore { get; init; }

        public int? Candidates { get; init; }

        public string? Rationale { get; init; }

        public int? RationaleTokens { get; init; }
    }

    private sealed record ScoredIndex(int Candidate, float Score);
}
