using Rge.Imaging;

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
            .. candidates
                .Select((candidate, index) => new RankedCandidate(index, Similarity.Cosine(query.Span, candidate.Span)))
                .OrderByDescending(ranked => ranked.Score),
        ];
    }

    /// <summary>Orders the best of a ranking anew, by the scores of a reranker; those without a score follow in their order.</summary>
    /// <param name="ranking">The ranking.</param>
    /// <param name="reranker">The reranker.</param>
    /// <param name="query">The query.</param>
    /// <param name="candidates">The candidates that the ranking is of.</param>
    /// <param name="top">How many of the best are scored, at least 1.</param>
    /// <param name="progress">Receives the number of candidates that are done.</param>
    /// <param name="cancellationToken">Stops the work between two batches.</param>
    /// <exception cref="ImageInputException">An image of the query cannot be used.</exception>
    public static async Task<IReadOnlyList<RerankedCandidate>> RerankAsync(
        IReadOnlyList<RankedCandidate> ranking,
        Reranker reranker,
        EmbeddingInput query,
        IReadOnlyList<EmbeddingInput> candidates,
        int top,
        IProgress<int>? progress = null,
        CancellationToken cancellationToken = default
    )
    {
        ArgumentNullException.ThrowIfNull(ranking);
        ArgumentNullException.ThrowIfNull(reranker);
        ArgumentNullException.ThrowIfNull(candidates);
        ArgumentOutOfRangeException.ThrowIfLessThan(top, 1);
        EmbeddingInput[] best = [.. ranking.Take(top).Select(ranked => candidates[ranked.Index])];
        var results = await reranker.TryScoreAsync(query, best, progress, cancellationToken);
        return
        [
            .. ranking
                .Select((ranked, place) => (Ranked: ranked, Result: place < results.Length ? results[place] : null))
                .Select(pair => new RerankedCandidate(
                    pair.Ranked.Index,
                    pair.Ranked.Score,
                    pair.Result is { Succeeded: true } scored ? scored.Score : null,
                    pair.Result?.Error
                ))
                .OrderByDescending(candidate => candidate.Score ?? double.NegativeInfinity),
        ];
    }
}
