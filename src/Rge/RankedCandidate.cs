namespace Rge;

/// <summary>A candidate in a ranking.</summary>
/// <param name="Index">Its index among the candidates that were given.</param>
/// <param name="Score">Its cosine similarity to the query.</param>
public readonly record struct RankedCandidate(int Index, float Score);
