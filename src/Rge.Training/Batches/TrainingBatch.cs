using Rge.Training.Objective;

namespace Rge.Training.Batches;

/// <summary>What one step of the optimizer learns from.</summary>
/// <param name="Queries">The queries.</param>
/// <param name="Targets">The distinct targets of all of them, hard negatives too; empty where the queries have none.</param>
/// <param name="Plan">Which targets each query is compared with; null without targets.</param>
public sealed record TrainingBatch(IReadOnlyList<EncodedQuery> Queries, IReadOnlyList<EncodedTarget> Targets, ContrastPlan? Plan)
{
    /// <summary>Rows of the step that others take the place of.</summary>
    public IReadOnlyList<SkippedRow> Skipped { get; init; } = [];
}
