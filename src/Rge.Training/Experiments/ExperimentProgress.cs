namespace Rge.Training.Experiments;

/// <summary>How far an experiment has got.</summary>
/// <param name="Stage">What is being done: pretraining, tuning, training or testing.</param>
/// <param name="Done">Runs or measurements of the stage that are done.</param>
/// <param name="Total">Runs or measurements of the stage.</param>
/// <param name="Remark">What has just happened.</param>
public sealed record ExperimentProgress(string Stage, int Done, int Total, string Remark);
