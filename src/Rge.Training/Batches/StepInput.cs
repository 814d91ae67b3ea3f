namespace Rge.Training.Batches;

/// <summary>The input of one step of the optimizer, prepared in advance. Each task has its own type.</summary>
public abstract record StepInput
{
    /// <summary>File and row of each sample, for the report on a batch whose loss is not finite; empty where samples have none.</summary>
    public virtual IReadOnlyList<string> Sources => [];

    /// <summary>Rows of the step that could not be used and that were replaced by others.</summary>
    public IReadOnlyList<SkippedRow> Skipped { get; init; } = [];
}
