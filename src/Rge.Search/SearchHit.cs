namespace Rge.Search;

/// <summary>A record that a search has found.</summary>
/// <param name="Record">The record, without its vector.</param>
/// <param name="Score">The cosine similarity to the query, -1 to 1.</param>
public sealed record SearchHit(SearchRecord Record, double Score);
