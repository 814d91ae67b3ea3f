namespace Rge.Training.Runs;

/// <summary>The progress of a run.</summary>
/// <param name="Step">Steps done.</param>
/// <param name="Steps">Steps of the run.</param>
/// <param name="Phase">Name of the phase.</param>
/// <param name="Loss">Loss of the last step; not a number before the first.</param>
/// <param name="TimeLeft">Estimate from the speed of the phase so far, evaluations not counted; null at first.</param>
/// <param name="Remark">A remark for its own line: a measurement on the development set, a row that is left out.</param>
public sealed record TrainingProgress(int Step, int Steps, string Phase, double Loss, TimeSpan? TimeLeft, string? Remark = null);
