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
    private readonly string _root;
    private readonly IReadOnlyList<ResultFolder> _models;
    private readonly IReadOnlyList<MmebRun> _runs;
    private readonly MmebTables _tables;

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
        _runs =
        [
            .. all.SelectMany(folder => ((MmebRun?[])[Read(folder, reasoning: true), Read(folder, reasoning: false)]).OfType<MmebRun>()),
        ];
        if (_runs.Count == 0)
            throw new EvaluationException($"{root} has no scores{(identity is null ? "" : " of this model and settings")}.");
        _models = [.. _runs.Select(run => run.Model).Distinct()];
        _tables = new MmebTables(_models, _runs);
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
    public string ToMarkdown() => $"# {Title}\n\n{State()}\n\n{string.Join('\n', _tables.All().Select(table => table.ToMarkdown()))}";

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
        ReportTable[] tables = [.. _tables.All()];
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
            _tables.SubsetNames().Select((name, i) => Samples(name, isOpen: i == 0))
        );
    }

    private JsonObject Runs(ResultFolder model)
    {
        return new JsonObject(
            _runs
                .Where(run => run.Model == model)
                .Select(run => KeyValuePair.Create(run.Reasoning ? "on" : "off", (JsonNode?)Describe(run)))
        );

        static JsonObject Describe(MmebRun run)
        {
            var json = run.Scores.ToJson();
            json["settings"] = new JsonObject(
                MmebTables.SettingNames([run]).Select(name => KeyValuePair.Create(name, (JsonNode?)MmebTables.Setting(run, name)))
            );
            return json;
        }
    }

    private static MmebRun? Read(ResultFolder model, bool reasoning)
    {
        var found = SubsetFolder
            .In(model.Path, reasoning)
            .Select(folder => (Folder: folder, Score: folder.ReadScore()))
            .Where(pair => pair.Score?.Identity == model.Identity)
            .OrderBy(pair => Place(pair.Score!.Subset))
            .ToArray();
        return found.Length == 0
            ? null
            : new MmebRun(
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

    private string State()
    {
        var names = _tables.SubsetNames().ToArray();
        var official = names.Count(name => MmebBenchmark.Subsets.Contains(name, StringComparer.Ordinal));
        var others = names.Length - official;
        return $"{official} of MMEB's {MmebBenchmark.Subsets.Count} subsets{(others > 0 ? $" and {others} of other origin" : "")}. "
            + "Each query among the candidates of its own row; hit@1 is the share of rows whose right candidate has the highest cosine.";
    }

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
                    .Select(sample => (Side: _tables.Titled(run.Reasoning ? "reasoning on" : "reasoning off", run.Model), Sample: sample))
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
}
