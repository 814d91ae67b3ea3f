using System.Globalization;
using Rge.Evaluation;

namespace Rge.Cli.Demo;

/// <summary>hit@1 with reasoning and without, on the same queries.</summary>
/// <param name="On">With a rationale.</param>
/// <param name="Off">The baseline, without.</param>
internal sealed record DemoScores(EvaluationOutcome On, EvaluationOutcome Off)
{
    /// <summary>Scores by meta-task, and their average: name, queries, and both scores in percent.</summary>
    public IEnumerable<(string Name, int Queries, double On, double Off)> Rows() =>
        [
            .. On.Groups.Select(group => (group.Key, Queries(group.Key), 100 * group.Value, 100 * Off.Groups[group.Key])),
            ("average", On.Rows.Count(), 100 * On.Average, 100 * Off.Average),
        ];

    /// <summary>How far rationales were right, in a sentence or two.</summary>
    public string AboutRationales()
    {
        var compared = On.Rows.Where(row => row.ConclusionIsRight is not null).ToList();
        if (compared.Count == 0)
            return "";
        var (right, wrong) = (
            compared.Where(row => row.ConclusionIsRight == true).ToList(),
            compared.Where(row => row.ConclusionIsRight == false).ToList()
        );
        var tokens = On.Rows.Average(row => row.RationaleTokens).ToString("0.0", CultureInfo.InvariantCulture);
        return $"{tokens} tokens of rationale a query; {right.Count} of {compared.Count} conclude rightly. "
            + $"hit@1 is {Hits(right)} after a right conclusion and {Hits(wrong)} after a wrong one.";
    }

    private int Queries(string group) => On.Datasets.Where(dataset => dataset.Group == group).Sum(dataset => dataset.Rows.Count);

    private static string Hits(List<RowOutcome> rows) =>
        rows.Count == 0
            ? "not known"
            : (100 * rows.Average(row => row.IsHit ? 1.0 : 0.0)).ToString("0.0", CultureInfo.InvariantCulture) + " %";
}
