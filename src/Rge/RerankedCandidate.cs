namespace Rge;

/// <summary>A candidate in a ranking whose best were scored by a <see cref="Reranker"/>.</summary>
/// <param name="Index">Its index among the candidates that were given.</param>
/// <param name="Similarity">Its cosine similarity to the query.</param>
/// <param name="Score">The reranker's score, 0 to 1; <see langword="null"/> where it gave none.</param>
/// <param name="Error">Why it gave none though it was asked; <see langword="null"/> otherwise.</param>
public readonly record struct RerankedCandidate(int Index, float Similarity, double? Score = null, RgeException? Error = null);
