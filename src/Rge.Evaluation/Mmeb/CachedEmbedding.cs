namespace Rge.Evaluation.Mmeb;

/// <summary>An embedding in the cache.</summary>
/// <param name="Vector">The L2-normalized vector.</param>
/// <param name="Rationale">The rationale that it was taken after; <see langword="null"/> without one.</param>
/// <param name="RationaleTokens">Tokens that the model wrote, <c>&lt;emb&gt;</c> included; 0 where it wrote none.</param>
/// <param name="PromptTokens">Tokens of the prompt, image tokens included.</param>
/// <param name="Seconds">Its share of the time that the items embedded together took.</param>
public sealed record CachedEmbedding(float[] Vector, string? Rationale, int RationaleTokens, int PromptTokens, double Seconds);
