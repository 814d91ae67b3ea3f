namespace Rge;

/// <summary>How far a call has got.</summary>
/// <param name="Completed">Items whose embedding is there.</param>
/// <param name="Total">Items of the call.</param>
/// <param name="RationaleTokens">Rationale tokens of the completed items.</param>
public sealed record EmbeddingProgress(int Completed, int Total, long RationaleTokens);
