namespace Rge.Training.Batches;

/// <summary>Queries, and targets where they have any.</summary>
/// <param name="Queries">The queries.</param>
/// <param name="Targets">The distinct targets of all of them, hard negatives too; empty where the queries have none.</param>
/// <param name="Pairs">The positives and negatives of each query; null without targets.</param>
public sealed record TrainingBatch(IReadOnlyList<EncodedQuery> Queries, IReadOnlyList<EncodedTarget> Targets, InBatchPairs? Pairs)
    : StepInput
{
    /// <inheritdoc/>
    public override IReadOnlyList<string> Sources => [.. Queries.Select(query => query.Sample.Source)];
}
