namespace Rge.Training.Experiments;

/// <summary>The progress of an experiment.</summary>
/// <param name="Stage">What is being done: pretraining, tuning, training or testing.</param>
/// <param name="Done">Runs or measurements of the stage that are done.</param>
/// <param name="Total">Runs or measurements of the stage.</param>
/// <param name="Completed">As <paramref name="Done"/>, including the completed share of each running one.</param>
/// <param name="Now">What is being done.</param>
/// <param name="Remark">An event for its own line; <see langword="null"/> for a step.</param>
public sealed record ExperimentProgress(string Stage, int Done, int Total, double Completed, string Now, string? Remark = null);
