namespace Rge.Training.Experiments;

/// <summary>How far an experiment has got.</summary>
/// <param name="Stage">What is being done: pretraining, tuning, training or testing.</param>
/// <param name="Done">Runs or measurements of the stage that are done.</param>
/// <param name="Total">Runs or measurements of the stage.</param>
/// <param name="Completed">As <paramref name="Done"/>, with the share that is done of each run under way.</param>
/// <param name="Now">What is going on.</param>
/// <param name="Remark">What has just happened and is worth a line of its own; <see langword="null"/> for a mere step.</param>
public sealed record ExperimentProgress(string Stage, int Done, int Total, double Completed, string Now, string? Remark = null);
