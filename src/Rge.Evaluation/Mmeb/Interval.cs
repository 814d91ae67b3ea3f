using System.Runtime.InteropServices;

namespace Rge.Evaluation.Mmeb;

/// <summary>Bounds of a confidence interval.</summary>
/// <param name="Low">The lower bound.</param>
/// <param name="High">The upper bound.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct Interval(double Low, double High);
