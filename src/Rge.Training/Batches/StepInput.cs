namespace Rge.Training.Batches;

/// <summary>What one step of the optimizer learns from, prepared ahead of it. Each task has a kind of its own.</summary>
public abstract record StepInput
{
    /// <summary>File and row of each sample, for the report on a batch whose loss is not finite; empty where samples have none.</summary>
    public virtual IReadOnlyList<string> Sources => [];

    /// <summary>Rows of the step that could not be used and that others take the place of.</summary>
    public IReadOnlyList<SkippedRow> Skipped { get; init; } = [];
}
