namespace Rge.Jobs;

/// <summary>A row that could not be embedded. Immutable.</summary>
/// <param name="Line">Its line in the input, from 1.</param>
/// <param name="Id">Its id; <see langword="null"/> where it has none, or cannot be read.</param>
/// <param name="Problem">Why, in one sentence.</param>
public sealed record EmbeddingJobFailure(int Line, string? Id, string Problem);
