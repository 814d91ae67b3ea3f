namespace Rge.Reports;

/// <summary>A point of a chart.</summary>
/// <param name="X">How far to the right, in the chart's own units.</param>
/// <param name="Y">How high.</param>
public readonly record struct ChartPoint(double X, double Y);
