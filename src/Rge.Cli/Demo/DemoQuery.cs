using Rge.Data;

namespace Rge.Cli.Demo;

/// <summary>A query that is shown.</summary>
/// <param name="Dataset">The dataset it is of.</param>
/// <param name="Group">The meta-task.</param>
/// <param name="Row">The query with its candidates, the right one first.</param>
internal sealed record DemoQuery(string Dataset, string Group, EvaluationRow Row)
{
    /// <summary>The text of the query; the image is shown beside it.</summary>
    public string Text => Row.Query.Text ?? "";

    /// <summary>The query's image; null for one of words alone.</summary>
    public ImageSource? Image => Row.Query.Images is [var image, ..] ? image : null;

    /// <summary>What a candidate is, in words: its text, or what its image shows.</summary>
    public string Describe(int candidate) =>
        Row.Candidates[candidate] is { Images: [var image, ..] } ? image.Name : Row.Candidates[candidate].Text ?? "";

    /// <summary>
    /// The queries of each meta-task in the order in which they are drawn: the first of each of its datasets, then the second, and so on.
    /// </summary>
    /// <param name="datasets">The datasets.</param>
    /// <param name="each">Queries of each dataset, at most.</param>
    public static IReadOnlyList<IReadOnlyList<DemoQuery>> InOrder(IEnumerable<EvaluationDataset> datasets, int each) =>
        [
            .. datasets
                .GroupBy(dataset => dataset.Group, StringComparer.Ordinal)
                .Select(group =>
                    (IReadOnlyList<DemoQuery>)
                        [
                            .. Enumerable
                                .Range(0, each)
                                .SelectMany(row =>
                                    group
                                        .Where(dataset => row < dataset.Rows.Count)
                                        .Select(dataset => new DemoQuery(dataset.Name, dataset.Group, dataset.Rows[row]))
                                ),
                        ]
                ),
        ];
}
