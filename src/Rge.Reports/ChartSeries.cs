namespace Rge.Reports;

/// <summary>A line of a chart.</summary>
/// <param name="Name">Name in the legend.</param>
/// <param name="Points">Its points from left to right; one that is not a number breaks the line.</param>
public sealed record ChartSeries(string Name, IReadOnlyList<ChartPoint> Points)
{
    /// <summary>
    /// Faint lines of the same colour behind it: the measured values where the line is smoothed or a mean.
    /// </summary>
    public IReadOnlyList<IReadOnlyList<ChartPoint>> Behind { get; init; } = [];

    /// <summary>Whether each point has a dot, which tells its numbers when pointed at.</summary>
    public bool HasDots { get; init; }
}
