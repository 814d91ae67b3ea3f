using Rge.Data;

namespace Rge.Cli.Demo;

/// <summary>A query that is shown.</summary>
/// <param name="Dataset">The dataset it is of.</param>
/// <param name="Group">The meta-task.</param>
/// <param name="Row">The query with its candidates, the right one first.</param>
internal sealed record DemoQuery(string Dataset, string Group, EvaluationRow Row)
{
    /// <summary>What is asked; the picture stands beside it.</summary>
    public string Text => Row.Query.Text ?? "";

    /// <summary>The query's picture; null for one of words alone.</summary>
    public ImageSource? Picture => Row.Query.Images is [var picture, ..] ? picture : null;

    /// <summary>What a candidate is, in words: its text, or what its picture shows.</summary>
    public string Describe(int candidate) =>
        Row.Candidates[candidate] is { Images: [var picture, ..] } ? picture.Name : Row.Candidates[candidate].Text ?? "";

    /// <summary>A few queries of each meta-task, of different datasets where it has several.</summary>
    public static IReadOnlyList<DemoQuery> Choose(IEnumerable<EvaluationDataset> datasets, int each) =>
    [
        .. datasets.GroupBy(dataset => dataset.Group, StringComparer.Ordinal).SelectMany(group => Enumerable.Range(0, each).Select(i =>
        {
            var dataset = group.ElementAt(i % group.Count());
            return new DemoQuery(dataset.Name, dataset.Group, dataset.Rows[i / group.Count() % dataset.Rows.Count]);
        })),
    ];
}
