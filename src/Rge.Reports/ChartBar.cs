namespace Rge.Reports;

/// <summary>A bar of a chart.</summary>
/// <param name="Name">Its label.</param>
/// <param name="Value">Its length and error bar.</param>
/// <param name="Color">Number of its colour; related bars share one.</param>
public readonly record struct ChartBar(string Name, Spread Value, int Color);
