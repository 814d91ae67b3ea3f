namespace Rge.Training.Settings;

/// <summary>What a rationale is rewarded for: where its query's embedding stands to the targets of the batch.</summary>
public enum RewardKind
{
    /// <summary>The reciprocal rank times the margin, or the margin where that is negative.</summary>
    Product,

    /// <summary>1 / rank of the nearest own target, 0 to 1. It tells nothing between rationales of the same rank.</summary>
    Rank,

    /// <summary>How far the nearest own target is before the negatives, in cosine.</summary>
    Margin,
}
