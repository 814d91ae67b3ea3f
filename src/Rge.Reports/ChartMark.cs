namespace Rge.Reports;

/// <summary>A place on a chart's horizontal axis at which something begins.</summary>
/// <param name="Name">Its label.</param>
/// <param name="X">Its position on the horizontal axis.</param>
public readonly record struct ChartMark(string Name, double X);
