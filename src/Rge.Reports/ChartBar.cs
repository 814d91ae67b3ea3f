namespace Rge.Reports;

/// <summary>A bar of a chart.</summary>
/// <param name="Name">What it is of.</param>
/// <param name="Value">How long it is, and its whisker.</param>
/// <param name="Color">Number of its colour; bars of one kind share one.</param>
public readonly record struct ChartBar(string Name, Spread Value, int Color);
