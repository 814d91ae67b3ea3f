namespace Rge.Search;

/// <summary>What a query has found.</summary>
/// <param name="Query">The query's embedding and the rationale it was made after.</param>
/// <param name="Hits">The records, best first.</param>
/// <param name="Timings">Where the time went.</param>
public sealed record SearchAnswer(ReasoningEmbedding Query, IReadOnlyList<SearchHit> Hits, SearchTimings Timings);
