using System.Numerics.Tensors;

namespace Rge.Evaluation.Mmeb;

/// <summary>The rankings of a subset's rows.</summary>
internal sealed class SubsetResults
{
    private readonly RowResult?[] _results;

    public SubsetResults(SubsetRows rows, LoadedItem[] queries, LoadedItem[] candidates)
    {
        (Rows, Queries, Candidates) = (rows, queries, candidates);
        _results = [.. Enumerable.Range(0, queries.Length).Select(Rank)];
    }

    public SubsetRows Rows { get; }

    public IReadOnlyList<LoadedItem> Queries { get; }

    public IReadOnlyList<LoadedItem> Candidates { get; }

    public int Count => _results.Length;

    /// <summary>The ranking of a row; <see langword="null"/> where its query or right candidate could not be embedded.</summary>
    public RowResult? this[int row] => _results[row];

    /// <summary>Why a row was left out.</summary>
    public string Problem(int row) => Queries[row].Problem ?? Candidates[Rows.CandidatesOf(row)[0]].Problem!;

    /// <summary>Why the subset cannot be scored; null where it can.</summary>
    public string? Unusable() =>
        _results.Any(row => row is not null) ? null : $"{Rows.Name} has no rows left: {(Count == 0 ? "its files have none." : Problem(0))}";

    /// <summary>The items that could not be embedded, queries first.</summary>
    public IReadOnlyList<ItemFailure> Failures() =>
        [.. Of(Queries, Rows.Queries, "query"), .. Of(Candidates, Rows.Candidates, "candidate")];

    /// <exception cref="EvaluationException">No row counts.</exception>
    public SubsetScore Score(MmebEvaluationOptions options, string identity)
    {
        if (Unusable() is { } reason)
            throw new EvaluationException(reason);
        var counted = _results.OfType<RowResult>().ToArray();
        var hits = counted.Count(row => row.Rank == 1);
        var (queries, all) = (
            Queries.Select(item => item.Embedding).OfType<CachedEmbedding>().ToArray(),
            Queries.Concat(Candidates).Select(item => item.Embedding).OfType<CachedEmbedding>().ToArray()
        );
        return new SubsetScore
        {
            Subset = Rows.Name,
            Group = Rows.Group,
            Model = options.ModelName,
            Reasoning = options.Reasoning,
            Identity = identity,
            Settings = options.Settings,
            Rows = counted.Length,
            Hits = hits,
            SkippedRows = Count - counted.Length,
            SkippedCandidates = Enumerable
                .Range(0, Count)
                .Where(row => _results[row] is not null)
                .Sum(row => Rows.CandidatesOf(row).Length - _results[row]!.Candidates.Length),
            FailedItems = Queries.Concat(Candidates).Count(item => item.Embedding is null),
            UnreadColumns = Rows.UnreadColumns,
            Candidates = Candidates.Count,
            Chance = counted.Average(row => 1.0 / row.Candidates.Length),
            HitAt1Interval = Bootstrap.Interval(Bootstrap.Resample(hits, counted.Length, seed: 0)),
            HitAt5 = counted.Average(row => row.Rank <= 5 ? 1.0 : 0.0),
            Mrr = counted.Average(row => 1.0 / row.Rank),
            PromptTokens = all.Sum(item => (long)item.PromptTokens),
            RationaleTokens = queries.Sum(item => (long)item.RationaleTokens),
            Seconds = all.Sum(item => item.Seconds),
            QueriesPerSecond = queries.Length / Math.Max(1e-9, queries.Sum(item => item.Seconds)),
        };
    }

    private static IEnumerable<ItemFailure> Of(
        IReadOnlyList<LoadedItem> items,
        IReadOnlyList<(EmbeddingInput Item, string Source)> sources,
        string kind
    ) =>
        items
            .Zip(sources)
            .Where(pair => pair.First.Embedding is null)
            .Select(pair => new ItemFailure(pair.Second.Source, kind, pair.First.Problem!));

    private RowResult? Rank(int row)
    {
        var of = Rows.CandidatesOf(row);
        if (Queries[row].Embedding is not { } query || Candidates[of[0]].Embedding is null)
            return null;
        var usable = new List<int>(of.Length);
        for (var i = 0; i < of.Length; i++)
            if (Candidates[of[i]].Embedding is not null)
                usable.Add(i);
        var scores = new float[usable.Count];
        for (var i = 0; i < scores.Length; i++)
            scores[i] = TensorPrimitives.Dot(query.Vector, Candidates[of[usable[i]]].Embedding!.Vector);
        return new RowResult([.. usable], scores);
    }
}
