using Rge.Training.Objective;

namespace Rge.Training.Batches;

/// <summary>What one step of the optimizer learns from.</summary>
/// <param name="Queries">The queries.</param>
/// <param name="Targets">The distinct targets of all of them, hard negatives too; empty where the queries have none.</param>
/// <param name="Plan">Who is held against whom; null without targets.</param>
internal sealed record TrainingBatch(IReadOnlyList<EncodedQuery> Queries, IReadOnlyList<EncodedTarget> Targets, ContrastPlan? Plan);
