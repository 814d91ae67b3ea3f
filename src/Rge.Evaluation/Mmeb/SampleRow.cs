namespace Rge.Evaluation.Mmeb;

/// <summary>A row in full, for inspection.</summary>
public sealed record SampleRow
{
    private const int TopCandidates = 4;

    /// <summary>Number of the row, from 1.</summary>
    public required int Row { get; init; }

    /// <summary>The query.</summary>
    public required SampleItem Query { get; init; }

    /// <summary>The rationale that the query's embedding was taken after; <see langword="null"/> without one.</summary>
    public string? Rationale { get; init; }

    /// <summary>Rank of the right candidate, from 1.</summary>
    public required int Rank { get; init; }

    /// <summary>How many candidates the row has.</summary>
    public required int Candidates { get; init; }

    /// <summary>The first candidates, best first.</summary>
    public required IReadOnlyList<SampleItem> Top { get; init; }

    /// <summary>The right candidate.</summary>
    public required SampleItem Right { get; init; }

    /// <summary>Takes rows at even distances, so that nothing about them was chosen.</summary>
    internal static IReadOnlyList<SampleRow> Choose(SubsetResults results, int count)
    {
        int[] counted = [.. Enumerable.Range(0, results.Count).Where(row => results[row] is not null)];
        var taken = Math.Min(count, counted.Length);
        return [.. Enumerable.Range(0, taken).Select(i => Describe(results, counted[i * counted.Length / taken]))];
    }

    private static SampleRow Describe(SubsetResults results, int row)
    {
        var result = results[row]!;
        return new SampleRow
        {
            Row = row + 1,
            Query = SampleItem.From(results.Rows.Queries[row].Item),
            Rationale = results.Queries[row].Embedding!.Rationale,
            Rank = result.Rank,
            Candidates = result.Candidates.Length,
            Top = [.. result.Top(TopCandidates).Select(pair => Candidate(pair.Candidate, pair.Score))],
            Right = Candidate(0, result.Scores[0]),
        };

        SampleItem Candidate(int index, float score) =>
            SampleItem.From(results.Rows.Candidates[results.Rows.CandidatesOf(row)[index]].Item) with
            {
                Score = score,
                IsRight = index == 0,
            };
    }
}
