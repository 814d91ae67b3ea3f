namespace Rge.Reports;

/// <summary>A place on a chart's horizontal axis at which something begins.</summary>
/// <param name="Name">What begins.</param>
/// <param name="X">Where.</param>
public readonly record struct ChartMark(string Name, double X);
