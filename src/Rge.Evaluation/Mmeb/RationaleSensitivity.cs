namespace Rge.Evaluation.Mmeb;

/// <summary>How much the embeddings of a subset's queries follow their rationales.</summary>
/// <param name="Other">After the rationale that was written for another query (<see cref="QueryRationale.Shuffled"/>).</param>
/// <param name="Oracle">After the oracle rationale; <see langword="null"/> for data without any.</param>
public sealed record RationaleSensitivity(SubstituteEffect? Other, SubstituteEffect? Oracle);
