namespace Rge;

/// <summary>A piece of a rationale as it is written, or at the end the embedding.</summary>
/// <param name="Text">New text; empty in the last update.</param>
/// <param name="Embedding">The embedding, in the last update; <see langword="null"/> before.</param>
public sealed record RationaleUpdate(string Text, ReasoningEmbedding? Embedding = null);
