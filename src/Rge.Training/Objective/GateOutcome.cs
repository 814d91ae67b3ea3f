namespace Rge.Training.Objective;

/// <summary>The gate in one step.</summary>
/// <param name="Loss">Mean binary cross entropy.</param>
/// <param name="Direct">Share of queries that the direct embedding serves as well, 0 to 1: the labels.</param>
/// <param name="Accuracy">Share of queries on whose side of one half the gate's probability is the label's.</param>
public sealed record GateOutcome(double Loss, double Direct, double Accuracy);
