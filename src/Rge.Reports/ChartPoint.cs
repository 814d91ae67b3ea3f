namespace Rge.Reports;

/// <summary>A point of a chart.</summary>
/// <param name="X">Horizontal coordinate, in the units of the axis.</param>
/// <param name="Y">Vertical coordinate.</param>
public readonly record struct ChartPoint(double X, double Y);
