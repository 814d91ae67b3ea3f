using System.Globalization;
using Rge.Data.Mmeb;
using Rge.Evaluation.Reports;
using Rge.Reports;

namespace Rge.Evaluation.Mmeb;

/// <summary>The tables of a report: the paper's, on and off side by side, subsets, sensitivity, failures and settings.</summary>
/// <param name="models">The models, each once.</param>
/// <param name="runs">Their runs.</param>
internal sealed class MmebTables(IReadOnlyList<ResultFolder> models, IReadOnlyList<MmebRun> runs)
{
    private const int ListedFailures = 50;

    /// <summary>Names of the subsets that any run has.</summary>
    public IEnumerable<string> SubsetNames() =>
        runs.SelectMany(run => run.Scores.Subsets).Select(subset => subset.Subset).Distinct(StringComparer.Ordinal);

    /// <summary>All tables, in order.</summary>
    public IEnumerable<ReportTable> All()
    {
        yield return Headline();
        foreach (var model in models)
            if (runs.Where(run => run.Model == model).ToArray() is [var on, var off])
                yield return OnAndOff(on, off);
        foreach (var run in runs)
            yield return Subsets(run);
        foreach (var run in runs.Where(run => run.Scores.Subsets.Any(subset => subset.Sensitivity is not null)))
            yield return Sensitivity(run);
        if (runs.Any(run => run.Scores.Subsets.Any(subset => subset.FailedItems > 0)))
            yield return Failures();
        if (SettingNames(runs).Length > 0)
            yield return Settings();
    }

    private ReportTable Headline()
    {
        var isComparable = SubsetNames().Any(name => MmebBenchmark.Subsets.Contains(name, StringComparer.Ordinal));
        var published = isComparable ? PublishedScores.All : [];
        string[] known = isComparable ? [.. PublishedScores.Columns.SkipLast(1)] : [];
        string[] columns =
        [
            .. known,
            .. runs.SelectMany(run => run.Scores.Groups)
                .Select(group => group.Name)
                .Except(known, StringComparer.Ordinal)
                .Distinct(StringComparer.Ordinal),
        ];
        var note = "hit@1 in percent, means over subsets.";
        if (isComparable)
            note +=
                " ind and ood: subsets in and out of the distribution of MMEB's training data. Published rows are over all 36 subsets "
                + $"({string.Join(", ", published.Select(row => row.Source).Distinct(StringComparer.Ordinal))}); in brackets: how "
                + "many subsets of a group were evaluated, where not all were.";
        return new ReportTable(
            "Scores",
            note,
            ["model", .. columns, "overall"],
            [
                .. published.Select(row =>
                    (string[])[row.Model, .. columns.Select(column => Published(row, column)), Published(row, "overall")]
                ),
                .. runs.Select(run =>
                    (string[])
                        [
                            run.Name,
                            .. columns.Select(column => Cell(run.Scores.Group(column), isComparable)),
                            Percent(run.Scores.Overall.HitAt1),
                        ]
                ),
            ]
        );

        static string Published(PublishedScores row, string column) =>
            PublishedScores
                .Columns.Zip(row.Groups)
                .Where(pair => pair.First == column)
                .Select(pair => Number(pair.Second, "0.0"))
                .FirstOrDefault("");
    }

    private static string Cell(GroupScore? group, bool isComparable)
    {
        if (group is null)
            return "";
        var all = group.Name switch
        {
            MmebScores.InDistribution => MmebBenchmark.InDistribution.Count,
            MmebScores.OutOfDistribution => MmebBenchmark.OutOfDistribution.Count,
            _ => MmebBenchmark.Groups.FirstOrDefault(official => official.Name == group.Name).Subsets?.Count ?? group.Subsets,
        };
        return Percent(group.HitAt1) + (isComparable && group.Subsets < all ? $" ({group.Subsets} of {all})" : "");
    }

    private ReportTable OnAndOff(MmebRun on, MmebRun off)
    {
        var both = on
            .Scores.Subsets.Join(
                off.Scores.Subsets,
                score => score.Subset,
                score => score.Subset,
                (first, second) => (On: first, Off: second),
                StringComparer.Ordinal
            )
            .ToArray();
        return new ReportTable(
            Titled("Reasoning on and off", on.Model),
            "hit@1 in percent, the same model and rows.",
            ["subset", "on", "off", "difference"],
            both.Length == 0
                ? []
                :
                [
                    .. both.Select(pair =>
                        (string[])
                            [pair.On.Subset, Percent(pair.On.HitAt1), Percent(pair.Off.HitAt1), Signed(pair.On.HitAt1 - pair.Off.HitAt1)]
                    ),
                    [
                        "mean",
                        Percent(both.Average(pair => pair.On.HitAt1)),
                        Percent(both.Average(pair => pair.Off.HitAt1)),
                        Signed(both.Average(pair => pair.On.HitAt1 - pair.Off.HitAt1)),
                    ],
                ]
        );
    }

    private ReportTable Subsets(MmebRun run)
    {
        var leftOut = run.Scores.Subsets.Any(subset => subset.SkippedRows + subset.SkippedCandidates > 0);
        var note =
            "hit@1 with its 95 % bootstrap interval; chance is what a blind guess would hit. Seconds are those of embedding when it "
            + "was done, items that subsets share counted in each; queries/s without candidates.";
        if (leftOut)
            note += " Rows and candidates were left out where their items could not be embedded.";
        if (
            run.Scores.Subsets.SelectMany(subset => subset.UnreadColumns).Distinct(StringComparer.Ordinal).ToArray() is
            { Length: > 0 } unread
        )
            note += $" Columns of the data that nothing was taken from: {string.Join(", ", unread)}.";
        return new ReportTable(
            Titled($"Subsets, {(run.Reasoning ? "reasoning on" : "reasoning off")}", run.Model),
            note,
            [
                "subset",
                "meta-task",
                "rows",
                "candidates",
                "chance, %",
                "hit@1, %",
                "interval",
                "hit@5, %",
                "MRR",
                "rationale tokens a query",
                "s",
                "queries/s",
                .. IfLeftOut("rows left out", "candidates left out"),
            ],
            [
                .. run.Scores.Subsets.Select(subset =>
                    (string[])
                        [
                            subset.Subset,
                            subset.Group,
                            Number(subset.Rows, "#,0"),
                            Number(subset.Candidates, "#,0"),
                            Percent(subset.Chance),
                            Percent(subset.HitAt1),
                            $"{Percent(subset.HitAt1Interval.Low)}–{Percent(subset.HitAt1Interval.High)}",
                            Percent(subset.HitAt5),
                            Number(subset.Mrr, "0.000"),
                            Number((double)subset.RationaleTokens / subset.Rows, "0.0"),
                            Number(subset.Seconds, "#,0.0"),
                            Number(subset.QueriesPerSecond, "0.0"),
                            .. IfLeftOut(Number(subset.SkippedRows, "#,0"), Number(subset.SkippedCandidates, "#,0")),
                        ]
                ),
            ]
        );

        string[] IfLeftOut(params string[] cells) => leftOut ? cells : [];
    }

    private ReportTable Sensitivity(MmebRun run)
    {
        return new ReportTable(
            Titled("How much embeddings follow their rationales", run.Model),
            "Each query is embedded after its own rationale, after the one that was written for another query, and after the oracle's where "
                + "the data has one. The cosine between the first embedding and the others is 1 where the words change nothing; the change "
                + "of hit@1, in points, is that of the same queries.",
            ["subset", "cosine, another's", "hit@1, another's", "change", "cosine, oracle's", "hit@1, oracle's", "change"],
            [
                .. run
                    .Scores.Subsets.Where(subset => subset.Sensitivity is not null)
                    .Select(subset => (string[])[subset.Subset, .. Cells(subset.Sensitivity!.Other), .. Cells(subset.Sensitivity.Oracle)]),
            ]
        );

        static string[] Cells(SubstituteEffect? effect) =>
            effect is null
                ? ["", "", ""]
                : [Number(effect.Cosine, "0.000"), Percent(effect.HitAt1), Signed(effect.HitAt1 - effect.HitAt1Own)];
    }

    private ReportTable Failures()
    {
        (MmebRun Run, string Subset, ItemFailure Failure)[] all =
        [
            .. runs.SelectMany(run =>
                run.Folders.SelectMany(folder => folder.Value.ReadFailures().Select(failure => (run, folder.Key, failure)))
            ),
        ];
        var rest =
            all.Length > ListedFailures
                ? $" The first {ListedFailures} of {all.Length} are listed; failures.jsonl beside each subset's scores has them all."
                : "";
        return new ReportTable(
            "Items that could not be embedded",
            $"They and the rows that need them were left out.{rest}",
            ["row", "run", "item", "problem"],
            [
                .. all.Take(ListedFailures)
                    .Select(item => (string[])[item.Failure.Row, item.Run.Name, item.Failure.Item, item.Failure.Problem]),
            ]
        );
    }

    private ReportTable Settings()
    {
        var names = SettingNames(runs);
        return new ReportTable(
            "Settings",
            "Several values where subsets differ.",
            ["run", .. names],
            [.. runs.Select(run => (string[])[run.Name, .. names.Select(name => Setting(run, name))])]
        );
    }

    /// <summary>What settings the subsets of runs were evaluated with.</summary>
    public static string[] SettingNames(IEnumerable<MmebRun> runs) =>
        [.. runs.SelectMany(run => run.Scores.Subsets).SelectMany(subset => subset.Settings.Keys).Distinct(StringComparer.Ordinal)];

    /// <summary>The value of a setting of a run; several where its subsets differ.</summary>
    public static string Setting(MmebRun run, string name) =>
        string.Join(
            "; ",
            run.Scores.Subsets.Select(subset => subset.Settings.GetValueOrDefault(name, "")).Distinct(StringComparer.Ordinal)
        );

    /// <summary>A heading, with the model's name where there are several.</summary>
    public string Titled(string heading, ResultFolder model) => models.Count > 1 ? $"{heading}: {model.Name}" : heading;

    private static string Percent(double share) => Number(100 * share, "0.0");

    private static string Signed(double share) => Number(100 * share, "+0.0;-0.0;0.0");

    private static string Number(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}
