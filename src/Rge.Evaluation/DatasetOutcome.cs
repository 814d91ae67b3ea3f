namespace Rge.Evaluation;

/// <summary>The results of the rows of one dataset.</summary>
/// <param name="Name">Name of the dataset.</param>
/// <param name="Group">Its meta-task.</param>
/// <param name="Rows">The rows, in order.</param>
public sealed record DatasetOutcome(string Name, string Group, IReadOnlyList<RowOutcome> Rows)
{
    /// <summary>Share of rows whose right candidate is first, 0 to 1.</summary>
    public double HitAt1 => Rows.Average(row => row.IsHit ? 1.0 : 0.0);
}
