using Rge.Evaluation;
using Rge.Training.RunFiles;

namespace Rge.Training.Runs;

/// <summary>The outcome of a run.</summary>
/// <param name="State">Its state.</param>
/// <param name="Development">The last measurement on the development set; null where none was made.</param>
public sealed record TrainingOutcome(RunState State, EvaluationOutcome? Development)
{
    /// <summary>Rows that could not be used and that were replaced by others; the log names them.</summary>
    public int SkippedRows { get; init; }
}
