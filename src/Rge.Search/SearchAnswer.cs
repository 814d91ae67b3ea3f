namespace Rge.Search;

/// <summary>The result of a query.</summary>
/// <param name="Query">The query's embedding and the rationale it was made after.</param>
/// <param name="Hits">The records, best first.</param>
/// <param name="Timings">How the time was spent.</param>
public sealed record SearchAnswer(ReasoningEmbedding Query, IReadOnlyList<SearchHit> Hits, SearchTimings Timings);
