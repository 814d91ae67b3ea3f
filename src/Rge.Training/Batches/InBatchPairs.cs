namespace Rge.Training.Batches;

/// <summary>
/// The positives and negatives of one batch: which targets are right for each query, and which count as wrong. A target whose key is right
/// for the query but that was not given with it is masked.
/// </summary>
public sealed class InBatchPairs
{
    /// <summary>Finds the pairs of a batch.</summary>
    /// <param name="rightKeys">The keys that are right for each query.</param>
    /// <param name="targetKeys">The key of each target; targets of all queries together, hard negatives too.</param>
    /// <exception cref="ArgumentException">A query has no right target among the targets.</exception>
    public InBatchPairs(IReadOnlyList<IReadOnlySet<string>> rightKeys, IReadOnlyList<string> targetKeys)
    {
        ArgumentNullException.ThrowIfNull(rightKeys);
        ArgumentNullException.ThrowIfNull(targetKeys);
        (Queries, Targets) = (rightKeys.Count, targetKeys.Count);
        IsNegative = new bool[Queries * Targets];
        var positives = new List<(int Query, int Target)>();
        for (var q = 0; q < Queries; q++)
        {
            var (right, first) = (rightKeys[q], new HashSet<string>(StringComparer.Ordinal));
            for (var t = 0; t < Targets; t++)
            {
                if (!right.Contains(targetKeys[t]))
                    IsNegative[q * Targets + t] = true;
                else if (first.Add(targetKeys[t]))
                    positives.Add((q, t)); // further targets of the same key are duplicates
            }
            if (first.Count == 0)
                throw new ArgumentException($"Query {q} has no right target in the batch.", nameof(rightKeys));
        }
        Positives = positives;
    }

    private InBatchPairs(int queries, int targets, IReadOnlyList<(int Query, int Target)> positives, bool[] isNegative) =>
        (Queries, Targets, Positives, IsNegative) = (queries, targets, positives, isNegative);

    /// <summary>B, the number of queries.</summary>
    public int Queries { get; }

    /// <summary>M, the number of targets.</summary>
    public int Targets { get; }

    /// <summary>The positive pairs, by query.</summary>
    public IReadOnlyList<(int Query, int Target)> Positives { get; }

    /// <summary>Whether a target is wrong for a query, row-major <c>[B, M]</c>.</summary>
    public bool[] IsNegative { get; }

    /// <summary>The pairs of a batch that has each query several times, one after the other, and the same targets.</summary>
    internal InBatchPairs Repeat(int times)
    {
        var rows = Enumerable.Range(0, Queries * times);
        return new InBatchPairs(
            Queries * times,
            Targets,
            [
                .. Positives
                    .SelectMany(pair => Enumerable.Range(0, times).Select(i => (Query: pair.Query * times + i, pair.Target)))
                    .OrderBy(pair => pair.Query),
            ],
            [.. rows.SelectMany(row => IsNegative.AsSpan(row / times * Targets, Targets).ToArray())]
        );
    }
}
