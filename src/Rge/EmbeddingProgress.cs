namespace Rge;

/// <summary>The progress of a call.</summary>
/// <param name="Completed">Items that are done: their embedding is finished or, where failures are collected, they have failed.</param>
/// <param name="Total">Items of the call.</param>
/// <param name="RationaleTokens">Rationale tokens of the completed items.</param>
public sealed record EmbeddingProgress(int Completed, int Total, long RationaleTokens);
