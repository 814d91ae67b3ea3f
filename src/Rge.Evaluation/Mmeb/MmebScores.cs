using System.Text.Json.Nodes;
using Rge.Data.Mmeb;

namespace Rge.Evaluation.Mmeb;

/// <summary>Scores of a run over subsets. Means are over subsets with equal weights, as in the benchmark.</summary>
public sealed class MmebScores
{
    /// <summary>Names of the groups that are not meta-tasks.</summary>
    public const string InDistribution = "ind",
        OutOfDistribution = "ood";

    /// <summary>Combines the scores of subsets.</summary>
    /// <exception cref="ArgumentException">There are none.</exception>
    public MmebScores(IReadOnlyList<SubsetScore> subsets)
    {
        ArgumentNullException.ThrowIfNull(subsets);
        if (subsets.Count == 0)
            throw new ArgumentException("There are no scores.", nameof(subsets));
        Subsets = subsets;
        var drawn = subsets
            .Select((subset, i) => (Subset: subset, Means: Bootstrap.Resample(subset.Hits, subset.Rows, (ulong)i)))
            .ToArray();
        Overall = Mean("overall", drawn)!;
        var names = MmebBenchmark
            .Groups.Select(group => group.Name)
            .Concat(subsets.Select(subset => subset.Group))
            .Distinct(StringComparer.Ordinal);
        Groups =
        [
            .. names.Select(name => Mean(name, [.. drawn.Where(pair => pair.Subset.Group == name)])).OfType<GroupScore>(),
            .. Side(InDistribution, MmebBenchmark.InDistribution),
            .. Side(OutOfDistribution, MmebBenchmark.OutOfDistribution),
        ];

        IEnumerable<GroupScore> Side(string name, IReadOnlyList<string> members) =>
            Mean(name, [.. drawn.Where(pair => members.Contains(pair.Subset.Subset, StringComparer.Ordinal))]) is { } score ? [score] : [];

        static GroupScore? Mean(string name, (SubsetScore Subset, double[] Means)[] members) =>
            members.Length == 0
                ? null
                : new GroupScore(
                    name,
                    members.Length,
                    members.Average(member => member.Subset.HitAt1),
                    Bootstrap.Interval(
                        Enumerable.Range(0, members[0].Means.Length).Select(i => members.Average(member => member.Means[i]))
                    ),
                    members.Average(member => member.Subset.HitAt5),
                    members.Average(member => member.Subset.Mrr)
                );
    }

    /// <summary>The subsets, in the order given.</summary>
    public IReadOnlyList<SubsetScore> Subsets { get; }

    /// <summary>Mean over all subsets.</summary>
    public GroupScore Overall { get; }

    /// <summary>Means over the subsets of each meta-task, and over those in and out of distribution where there are any.</summary>
    public IReadOnlyList<GroupScore> Groups { get; }

    /// <summary>The group of a name; <see langword="null"/> where no subset is of it.</summary>
    public GroupScore? Group(string name) => Groups.FirstOrDefault(group => group.Name == name);

    /// <summary>All scores as JSON: <c>overall</c>, <c>groups</c> and <c>subsets</c>, shares of 0 to 1.</summary>
    public JsonObject ToJson() =>
        new()
        {
            ["overall"] = Describe(Overall),
            ["groups"] = new JsonObject(Groups.Select(group => KeyValuePair.Create(group.Name, (JsonNode?)Describe(group)))),
            ["subsets"] = new JsonObject(Subsets.Select(subset => KeyValuePair.Create(subset.Subset, (JsonNode?)Describe(subset)))),
        };

    private static JsonObject Describe(GroupScore group) =>
        new()
        {
            ["hit_at_1"] = group.HitAt1,
            ["hit_at_1_interval"] = new JsonArray(group.HitAt1Interval.Low, group.HitAt1Interval.High),
            ["hit_at_5"] = group.HitAt5,
            ["mrr"] = group.Mrr,
            ["subsets"] = group.Subsets,
        };

    private static JsonObject Describe(SubsetScore subset)
    {
        var json = new JsonObject
        {
            ["hit_at_1"] = subset.HitAt1,
            ["hit_at_1_interval"] = new JsonArray(subset.HitAt1Interval.Low, subset.HitAt1Interval.High),
            ["hit_at_5"] = subset.HitAt5,
            ["mrr"] = subset.Mrr,
            ["chance"] = subset.Chance,
            ["rows"] = subset.Rows,
            ["skipped_rows"] = subset.SkippedRows,
            ["skipped_candidates"] = subset.SkippedCandidates,
            ["candidates"] = subset.Candidates,
            ["prompt_tokens"] = subset.PromptTokens,
            ["rationale_tokens"] = subset.RationaleTokens,
            ["seconds"] = subset.Seconds,
            ["queries_per_second"] = subset.QueriesPerSecond,
        };
        if (subset.Sensitivity is { } sensitivity)
            json["sensitivity"] = new JsonObject { ["other"] = Describe(sensitivity.Other), ["oracle"] = Describe(sensitivity.Oracle) };
        return json;
    }

    private static JsonObject? Describe(SubstituteEffect? effect) =>
        effect is null
            ? null
            : new JsonObject
            {
                ["rows"] = effect.Rows,
                ["cosine"] = effect.Cosine,
                ["hit_at_1"] = effect.HitAt1,
                ["hit_at_1_own"] = effect.HitAt1Own,
            };
}
