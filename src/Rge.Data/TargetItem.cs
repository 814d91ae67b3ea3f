namespace Rge.Data;

/// <summary>A target, and what tells it from other targets.</summary>
/// <param name="Item">The item to embed.</param>
/// <param name="Key">
/// Equal for targets that are right for the same queries, even where their text or pixels differ: two crops of a red star, say. Targets
/// with equal keys are never used as negatives of each other.
/// </param>
public sealed record TargetItem(EmbeddingInput Item, string Key);
