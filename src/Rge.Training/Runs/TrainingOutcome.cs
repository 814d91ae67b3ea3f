using Rge.Evaluation;
using Rge.Training.RunFiles;

namespace Rge.Training.Runs;

/// <summary>What a run came to.</summary>
/// <param name="State">Where it stands.</param>
/// <param name="Development">The last measurement on the development set; null where none was made.</param>
public sealed record TrainingOutcome(RunState State, EvaluationOutcome? Development)
{
    /// <summary>Rows that could not be used and that others took the place of; the log names them.</summary>
    public int SkippedRows { get; init; }
}
