namespace Rge.Evaluation.Mmeb;

/// <summary>Means over the subsets of a group. Shares are 0 to 1.</summary>
/// <param name="Name">Name of the group.</param>
/// <param name="Subsets">How many subsets there are.</param>
/// <param name="HitAt1">Mean hit@1.</param>
/// <param name="HitAt1Interval">Bounds of its 95 % bootstrap interval, rows drawn again within each subset.</param>
/// <param name="HitAt5">Mean hit@5.</param>
/// <param name="Mrr">Mean of the mean reciprocal ranks.</param>
public sealed record GroupScore(string Name, int Subsets, double HitAt1, Interval HitAt1Interval, double HitAt5, double Mrr);
