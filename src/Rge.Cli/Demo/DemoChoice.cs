namespace Rge.Cli.Demo;

/// <summary>Which queries the demo shows: chosen by a rule, not by hand.</summary>
internal static class DemoChoice
{
    /// <summary>The rule, as it is printed.</summary>
    public const string Rule =
        "Shown are, for each meta-task, the first two queries in drawing order, of different datasets, that the model answers rightly "
        + "after a rationale and the "
        + "baseline wrongly; last comes the first query that the model answers wrongly. The counts are over all queries.";

    private const int ShownOfEachGroup = 2;

    /// <summary>
    /// Chooses the queries. Where too few answers are as the rule wants them, the first in drawing order take their places.
    /// </summary>
    /// <param name="groups">The queries of each meta-task, in drawing order.</param>
    /// <param name="answer">Answers a query: the place of the right candidate after a rationale, that rationale, and the place
    /// without.</param>
    public static async Task<IReadOnlyList<DemoQuery>> ChooseAsync(
        IReadOnlyList<IReadOnlyList<DemoQuery>> groups,
        Func<DemoQuery, Task<(DemoAnswer On, DemoAnswer Off)>> answer
    )
    {
        var chosen = new List<DemoQuery>();
        DemoQuery? firstWrong = null;
        foreach (var group in groups)
        {
            var ofGroup = new List<DemoQuery>();
            foreach (var query in group)
            {
                if (ofGroup.Count == ShownOfEachGroup && firstWrong is not null)
                    break;
                var (on, off) = await answer(query);
                if (on.Rank > 1)
                    firstWrong ??= query;
                else if (off.Rank > 1 && on.Rationale is { Length: > 0 } && HasPlace(ofGroup, query))
                    ofGroup.Add(query);
            }
            foreach (var query in group)
                if (HasPlace(ofGroup, query))
                    ofGroup.Add(query);
            chosen.AddRange(ofGroup);
        }
        if (firstWrong is not null && !chosen.Contains(firstWrong))
            chosen.Add(firstWrong);
        return chosen;
    }

    private static bool HasPlace(List<DemoQuery> chosen, DemoQuery query) =>
        chosen.Count < ShownOfEachGroup && chosen.All(other => other.Dataset != query.Dataset);
}
