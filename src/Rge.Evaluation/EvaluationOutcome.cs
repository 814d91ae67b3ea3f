namespace Rge.Evaluation;

/// <summary>Scores of a model on several datasets.</summary>
/// <param name="Datasets">The datasets, in order.</param>
public sealed record EvaluationOutcome(IReadOnlyList<DatasetOutcome> Datasets)
{
    /// <summary>Mean hit@1 of the datasets of each meta-task, 0 to 1, in order of appearance.</summary>
    public IReadOnlyDictionary<string, double> Groups { get; } =
        new OrderedDictionary<string, double>(
            Datasets
                .GroupBy(dataset => dataset.Group, StringComparer.Ordinal)
                .Select(group => KeyValuePair.Create(group.Key, group.Average(dataset => dataset.HitAt1))),
            StringComparer.Ordinal
        );

    /// <summary>Mean hit@1 of the datasets, 0 to 1, each counting the same: MMEB's overall score.</summary>
    public double Average => Datasets.Average(dataset => dataset.HitAt1);

    /// <summary>Every row.</summary>
    public IEnumerable<RowOutcome> Rows => Datasets.SelectMany(dataset => dataset.Rows);
}
