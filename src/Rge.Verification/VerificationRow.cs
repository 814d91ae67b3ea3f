namespace Rge.Verification;

/// <summary>How one quantity compares with its reference over all cases.</summary>
/// <param name="Quantity">The quantity.</param>
/// <param name="Measure">The kind of difference: absolute ones, cosine distances, or the number of cases that differ.</param>
/// <param name="Cases">How many were compared; 0 where the folder has none.</param>
/// <param name="LargestDifference">The largest difference, or the number of cases that differ.</param>
/// <param name="Tolerance">The largest difference that passes.</param>
/// <param name="WorstCase">Which case has the largest difference, or differs first; <see langword="null"/> where none does.</param>
public sealed record VerificationRow(
    string Quantity,
    string Measure,
    int Cases,
    double LargestDifference,
    double Tolerance,
    string? WorstCase
)
{
    /// <summary>False where the folder has nothing to compare with.</summary>
    public bool IsPresent => Cases > 0;

    /// <summary>True where no difference is beyond the tolerance; a difference that is no number is.</summary>
    public bool Passed => LargestDifference <= Tolerance;
}
