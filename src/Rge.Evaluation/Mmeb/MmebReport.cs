using System.Globalization;
using System.Text.Json.Nodes;
using System.Xml.Linq;
using Rge.Data.Mmeb;
using Rge.Evaluation.Reports;
using Rge.Files;
using Rge.Reports;
using static Rge.Reports.Html;

namespace Rge.Evaluation.Mmeb;

/// <summary>
/// The report of an output folder: the paper's table with the evaluated models, on and off side by side where both were run, every subset,
/// and sample rows, for every model with results in it.
/// </summary>
public sealed class MmebReport
{
    private const int ListedFailures = 50;

    private readonly string _root;
    private readonly IReadOnlyList<ResultFolder> _models;
    private readonly IReadOnlyList<Run> _runs;

    /// <summary>Reads the results of an output folder.</summary>
    /// <param name="root">The output folder.</param>
    /// <param name="identity">As <see cref="MmebEvaluation.Identity"/> has it, for a report of one model and its settings that leaves
    /// others alone; all are reported when left out.
    /// </param>
    /// <exception cref="EvaluationException">A file is damaged, or there are no scores.</exception>
    public MmebReport(string root, string? identity = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(root);
        _root = root;
        var all = ResultFolder.In(root).Where(folder => identity is null || folder.Identity == identity);
        _runs = [.. all.SelectMany(folder => ((Run?[])[Read(folder, reasoning: true), Read(folder, reasoning: false)]).OfType<Run>())];
        if (_runs.Count == 0)
            throw new EvaluationException($"{root} has no scores{(identity is null ? "" : " of this model and settings")}.");
        _models = [.. _runs.Select(run => run.Model).Distinct()];
    }

    private string Title => $"MMEB: {string.Join(", ", _models.Select(model => model.Name))}";

    /// <summary>Writes <c>report.md</c>, <c>report.json</c> and <c>report.html</c> into the output folder.</summary>
    /// <returns>Their paths.</returns>
    public IReadOnlyList<string> Write()
    {
        string[] paths = [Path.Combine(_root, "report.md"), Path.Combine(_root, "report.json"), Path.Combine(_root, "report.html")];
        AtomicFile.WriteText(paths[0], ToMarkdown());
        AtomicFile.WriteJson(paths[1], ToJson());
        AtomicFile.WriteText(paths[2], ToHtml());
        return paths;
    }

    /// <summary>All tables as Markdown.</summary>
    public string ToMarkdown() => $"# {Title}\n\n{State()}\n\n{string.Join('\n', Tables().Select(table => table.ToMarkdown()))}";

    /// <summary>
    /// All scores, shares of 0 to 1: <c>models</c>, each with its runs, <c>on</c> and <c>off</c>. Where there is one model, <c>model</c>
    /// and <c>runs</c> are its name and runs. Published figures are in percent.
    /// </summary>
    public JsonObject ToJson()
    {
        var json = new JsonObject();
        if (_models is [var only])
            (json["model"], json["runs"]) = (only.Name, Runs(only));
        json["models"] = new JsonArray([
            .. _models.Select(model =>
                (JsonNode)
                    new JsonObject
                    {
                        ["model"] = model.Name,
                        ["identity"] = model.Identity,
                        ["runs"] = Runs(model),
                    }
            ),
        ]);
        json["published_percent"] = new JsonArray([
            .. PublishedScores.All.Select(row =>
                (JsonNode)
                    new JsonObject([
                        KeyValuePair.Create("model", (JsonNode?)row.Model),
                        KeyValuePair.Create("source", (JsonNode?)row.Source),
                        .. PublishedScores.Columns.Zip(row.Groups, (column, value) => KeyValuePair.Create(column, (JsonNode?)value)),
                    ])
            ),
        ]);
        return json;
    }

    /// <summary>The page.</summary>
    public string ToHtml()
    {
        ReportTable[] tables = [.. Tables()];
        return Page(
            Title,
            Tag("p", Class("dim"), State()),
            tables[0].ToHtml(),
            Tag("h2", "hit@1 of each subset, %"),
            Tag("p", Class("dim"), "± is half of the 95 % bootstrap interval."),
            Tag("div", Class("charts"), Bars().Select(chart => chart.Draw())),
            tables.Skip(1).Select(table => table.ToHtml()),
            Tag("h2", "Rows to look at"),
            Tag("p", Class("dim"), "At even distances over each subset: nothing about them was chosen."),
            SubsetNames().Select((name, i) => Samples(name, isOpen: i == 0))
        );
    }

    private JsonObject Runs(ResultFolder model)
    {
        return new JsonObject(
            _runs
                .Where(run => run.Model == model)
                .Select(run => KeyValuePair.Create(run.Reasoning ? "on" : "off", (JsonNode?)Describe(run)))
        );

        static JsonObject Describe(Run run)
        {
            var json = run.Scores.ToJson();
            json["settings"] = new JsonObject(SettingNames([run]).Select(name => KeyValuePair.Create(name, (JsonNode?)Setting(run, name))));
            return json;
        }
    }

    private static Run? Read(ResultFolder model, bool reasoning)
    {
        var found = SubsetFolder
            .In(model.Path, reasoning)
            .Select(folder => (Folder: folder, Score: folder.ReadScore()))
            .Where(pair => pair.Score?.Identity == model.Identity)
            .OrderBy(pair => Place(pair.Score!.Subset))
            .ToArray();
        return found.Length == 0
            ? null
            : new Run(
                model,
                reasoning,
                new MmebScores([.. found.Select(pair => pair.Score!)]),
                found.ToDictionary(pair => pair.Score!.Subset, pair => pair.Folder, StringComparer.Ordinal)
            );

        static int Place(string subset) =>
            MmebBenchmark
                .Subsets.Index()
                .Where(official => official.Item == subset)
                .Select(official => official.Index)
                .FirstOrDefault(int.MaxValue);
    }

    private IEnumerable<string> SubsetNames() =>
        _runs.SelectMany(run => run.Scores.Subsets).Select(subset => subset.Subset).Distinct(StringComparer.Ordinal);

    private string State()
    {
        var names = SubsetNames().ToArray();
        var official = names.Count(name => MmebBenchmark.Subsets.Contains(name, StringComparer.Ordinal));
        var others = names.Length - official;
        return $"{official} of MMEB's {MmebBenchmark.Subsets.Count} subsets{(others > 0 ? $" and {others} of other origin" : "")}. "
            + "Each query among the candidates of its own row; hit@1 is the share of rows whose right candidate has the highest cosine.";
    }

    private IEnumerable<ReportTable> Tables()
    {
        yield return Headline();
        foreach (var model in _models)
            if (_runs.Where(run => run.Model == model).ToArray() is [var on, var off])
                yield return OnAndOff(on, off);
        foreach (var run in _runs)
            yield return Subsets(run);
        foreach (var run in _runs.Where(run => run.Scores.Subsets.Any(subset => subset.Sensitivity is not null)))
            yield return Sensitivity(run);
        if (_runs.Any(run => run.Scores.Subsets.Any(subset => subset.FailedItems > 0)))
            yield return Failures();
        if (SettingNames(_runs).Length > 0)
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
            .. _runs
                .SelectMany(run => run.Scores.Groups)
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
                .. _runs.Select(run =>
                    (string[])
                        [
                            Name(run),
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

    private ReportTable OnAndOff(Run on, Run off)
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

    private ReportTable Subsets(Run run)
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

    private ReportTable Sensitivity(Run run)
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
        (Run Run, string Subset, ItemFailure Failure)[] all =
        [
            .. _runs.SelectMany(run =>
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
                    .Select(item => (string[])[item.Failure.Row, Name(item.Run), item.Failure.Item, item.Failure.Problem]),
            ]
        );
    }

    private ReportTable Settings()
    {
        var names = SettingNames(_runs);
        return new ReportTable(
            "Settings",
            "Several values where subsets differ.",
            ["run", .. names],
            [.. _runs.Select(run => (string[])[Name(run), .. names.Select(name => Setting(run, name))])]
        );
    }

    private static string[] SettingNames(IEnumerable<Run> runs) =>
        [.. runs.SelectMany(run => run.Scores.Subsets).SelectMany(subset => subset.Settings.Keys).Distinct(StringComparer.Ordinal)];

    private static string Setting(Run run, string name) =>
        string.Join(
            "; ",
            run.Scores.Subsets.Select(subset => subset.Settings.GetValueOrDefault(name, "")).Distinct(StringComparer.Ordinal)
        );

    /// <summary>A heading, with the model's name where there are several.</summary>
    private string Titled(string heading, ResultFolder model) => _models.Count > 1 ? $"{heading}: {model.Name}" : heading;

    private IEnumerable<BarChart> Bars() =>
        from members in _runs
            .SelectMany(run => run.Scores.Subsets.Select(score => (Run: run, run.Reasoning, Score: score)))
            .GroupBy(subset => subset.Score.Group, StringComparer.Ordinal)
        select new BarChart
        {
            Title = members.Key,
            Full = 100,
            Bars =
            [
                .. members
                    .OrderBy(member => member.Score.Subset, StringComparer.Ordinal)
                    .ThenByDescending(member => member.Reasoning)
                    .Select(member => new ChartBar(
                        _runs.Count > 1
                            ? $"{member.Score.Subset}, "
                                + $"{(_models.Count > 1 ? $"{member.Run.Model.Name}, " : "")}{(member.Reasoning ? "on" : "off")}"
                            : member.Score.Subset,
                        new Spread(
                            100 * member.Score.HitAt1,
                            50 * (member.Score.HitAt1Interval.High - member.Score.HitAt1Interval.Low),
                            member.Score.Rows
                        ),
                        _models.Count > 1 ? ModelIndex(member.Run.Model)
                            : member.Reasoning ? 0
                            : 1
                    )),
            ],
        };

    private int ModelIndex(ResultFolder model) => _models.Index().First(other => other.Item == model).Index;

    private XElement Samples(string subset, bool isOpen)
    {
        var rows = _runs
            .Where(run => run.Folders.ContainsKey(subset))
            .SelectMany(run =>
                run.Folders[subset]
                    .ReadSamples()
                    .Select(sample => (Side: Titled(run.Reasoning ? "reasoning on" : "reasoning off", run.Model), Sample: sample))
            )
            .GroupBy(pair => pair.Sample.Row)
            .OrderBy(row => row.Key);
        return Tag(
            "details",
            isOpen ? Attribute("open", "") : null,
            Tag("summary", subset),
            rows.Select(row => SampleCase.Draw(row.First().Sample, [.. row]))
        );
    }

    private static string Name(Run run) => $"{run.Model.Name}, {(run.Reasoning ? "with" : "without")} reasoning";

    private static string Percent(double share) => Number(100 * share, "0.0");

    private static string Signed(double share) => Number(100 * share, "+0.0;-0.0;0.0");

    private static string Number(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);

    private sealed record Run(ResultFolder Model, bool Reasoning, MmebScores Scores, IReadOnlyDictionary<string, SubsetFolder> Folders);
}
