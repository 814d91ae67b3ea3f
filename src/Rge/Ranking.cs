namespace Rge;

/// <summary>Orders candidates by their similarity to a query. Stateless and thread-safe.</summary>
public static class Ranking
{
    /// <summary>All candidates, the most similar first; of equal ones, that with the lowest index (as MMEB counts hit@1).</summary>
    /// <exception cref="ArgumentException">An embedding is empty or has another dimension than the query.</exception>
    public static IReadOnlyList<RankedCandidate> Rank(ReadOnlyMemory<float> query, IEnumerable<ReadOnlyMemory<float>> candidates)
    {
        ArgumentNullException.ThrowIfNull(candidates);
        // OrderByDescending keeps the order of equals.
        return
        [
            .. candidates.Select((candidate, index) => new RankedCandidate(index, Similarity.Cosine(query.Span, candidate.Span)))
                .OrderByDescending(ranked => ranked.Score),
        ];
    }
}
