using System.Globalization;
using System.Text.Json.Nodes;
using System.Xml.Linq;
using Rge.Evaluation;
using Rge.Files;
using Rge.Reports;
using Rge.Training.RunFiles;
using Rge.Training.Settings;
using static Rge.Reports.Html;

namespace Rge.Training.Experiments;

/// <summary>The report of an experiment, complete or so far: Markdown, JSON, and a page with charts.</summary>
public sealed class ExperimentReport
{
    private readonly ExperimentOutcome _outcome;
    private readonly ILookup<string, DevelopmentScore[]> _development;
    private readonly ExperimentTables _tables;
    private readonly string[] _variants;

    /// <summary>Creates a report; reads the logs of the runs.</summary>
    public ExperimentReport(ExperimentOutcome outcome)
    {
        ArgumentNullException.ThrowIfNull(outcome);
        (_outcome, _development) = (outcome, outcome.Development());
        _tables = new ExperimentTables(outcome, _development);
        _variants = [.. outcome.Config.Variants.Select(variant => variant.Name)];
    }

    private ExperimentReport(StoredReport report)
    {
        (_outcome, _development) = (report.Outcome, Array.Empty<DevelopmentScore[]>().ToLookup(_ => "", StringComparer.Ordinal));
        _tables = new ExperimentTables(report);
        _variants = [.. report.Outcome.Config.Variants.Select(variant => variant.Name)];
    }

    /// <summary>
    /// Creates the report again from a <c>report.json</c>, without the folders of its runs. It lacks the curves of the runs.
    /// </summary>
    /// <exception cref="TrainingException">The file is not such a report.</exception>
    public static ExperimentReport Read(string path) => new(StoredReport.Read(path));

    /// <summary>Writes <c>report.md</c>, <c>report.json</c> and <c>report.html</c> into an experiment's folder.</summary>
    /// <returns>Their paths.</returns>
    public IReadOnlyList<string> Write(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        Directory.CreateDirectory(folder);
        string[] paths = [Path.Combine(folder, "report.md"), Path.Combine(folder, "report.json"), Path.Combine(folder, "report.html")];
        AtomicFile.WriteText(paths[0], ToMarkdown());
        AtomicFile.WriteJson(paths[1], ToJson());
        AtomicFile.WriteText(paths[2], ToHtml());
        return paths;
    }

    /// <summary>The table of scores alone, as Markdown.</summary>
    public string Summary() => _tables.Measured.Count == 0 ? State() + "\n" : _tables.Scores().ToMarkdown();

    /// <summary>All tables as Markdown.</summary>
    public string ToMarkdown() =>
        $"# Experiment {_outcome.Config.Name}\n\n{State()}\n\n"
        + string.Concat(_outcome.Notes.Select(note => note + "\n\n"))
        + string.Join('\n', _tables.All().Select(table => table.ToMarkdown()));

    /// <summary>
    /// All numbers: shares are in percent, each with its mean, its deviation and the number of seeds; the stored scores of every seed
    /// are included, shares of 0 to 1.
    /// </summary>
    public JsonObject ToJson() =>
        new()
        {
            ["experiment"] = _outcome.Config.Name,
            ["seeds"] = new JsonArray([.. _outcome.Config.Seeds.Select(seed => (JsonNode)seed)]),
            ["test"] = new JsonObject { ["seed"] = _outcome.Config.Test.Seed, ["queries_per_dataset"] = _outcome.Config.Test.Queries },
            ["average"] = "mean of datasets",
            ["notes"] = Strings(_outcome.Notes),
            ["measured"] = _outcome.Tests.Count,
            ["to_measure"] = _outcome.ExpectedTests,
            ["best_baseline"] = _tables.Baseline?.Name,
            ["measurements"] = new JsonArray([.. _tables.Measured.Select(Describe)]),
            ["development_at_equal_cost"] = new JsonArray([.. _tables.AtEqual.Select(Describe)]),
            ["tuning"] = new JsonArray([.. _outcome.Tuning.Select(Describe)]),
            ["chosen"] = Map(_outcome.Chosen, chosen => chosen.Key, chosen => Strings(chosen.Value)),
            ["runs"] = new JsonArray([.. _outcome.Runs.Select(Describe)]),
            ["provenance"] = Map(_tables.Provenance, fact => fact.Fact, fact => Strings(fact.Values)),
            ["settings"] = ConfigFile.Write(_outcome.Config),
        };

    /// <summary>The page.</summary>
    public string ToHtml()
    {
        ReportTable[] tables = [.. _tables.All()];
        return Page(
            $"Experiment {_outcome.Config.Name}",
            Tag("p", Class("dim"), State()),
            _outcome.Notes.Select(note => Tag("p", note)),
            Headline(),
            Tag("div", Class("charts"), Bars().Select(chart => chart.Draw())),
            tables.Take(1).Select(table => table.ToHtml()),
            OnTheWay(),
            tables.Skip(1).Select(table => table.ToHtml()),
            Tag("p", "Pages of the runs: ", _outcome.Folders.Keys.Order(StringComparer.Ordinal).Select(Link)),
            Tag("h2", "Settings in full"),
            Tag("pre", ConfigFile.Write(_outcome.Config))
        );

        static object[] Link(string run) => [Tag("a", Attribute("href", $"runs/{Uri.EscapeDataString(run)}/report.html"), run), " "];
    }

    private string State()
    {
        var (config, runs) = (_outcome.Config, _outcome.Config.Variants.Length * _outcome.Config.Seeds.Length);
        return $"{_outcome.Runs.Count} of {runs} runs and {_outcome.Tests.Count} of {_outcome.ExpectedTests} measurements are done. "
            + $"Seeds {string.Join(", ", config.Seeds)}.";
    }

    /// <summary>The difference that the experiment is about; nothing without a baseline and another to compare with it.</summary>
    private XElement? Headline()
    {
        // What reads the oracle's rationale is an upper bound, and what is embedded in the place of queries a comparison: no contenders.
        var contenders = _tables.Measured.Where(summary =>
            summary.Measurement is { Baseline: false, Queries: QueryRationale.Written or QueryRationale.None or QueryRationale.Auto }
        );
        var best = contenders.MaxBy(summary => summary.Average!.Value.Mean);
        if (_tables.Baseline is not { } baseline || best?.Above(baseline) is not { } difference)
            return null;
        return Tag(
            "p",
            $"{best.Name} has an average hit@1 of ",
            Tag("b", $"{best.Average} %"),
            $"; {baseline.Name}, the best baseline, has {baseline.Average} %: a difference of ",
            Tag("b", $"{difference.ToSignedString()} points"),
            "."
        );
    }

    private IEnumerable<BarChart> Bars()
    {
        (string Title, ChartBar[] Bars)[] charts =
        [
            ("average", Of(summary => summary.Average)),
            .. _tables.Groups.Select(group => (group, Of(summary => summary.Share("groups", group)))),
        ];
        // One scale for all, so that meta-tasks can be compared.
        var full = charts
            .SelectMany(chart => chart.Bars)
            .Select(bar => bar.Value.Mean + (bar.Value.Deviation ?? 0))
            .DefaultIfEmpty(1)
            .Max();
        return charts
            .Where(chart => chart.Bars.Length > 0)
            .Select(chart => new BarChart
            {
                Title = $"{chart.Title}: hit@1, %",
                Full = full,
                Bars = chart.Bars,
            });

        ChartBar[] Of(Func<MeasurementSummary, Spread?> score) =>
            [
                .. from summary in _tables.Measured
                let value = score(summary)
                where value is not null
                select new ChartBar(summary.Name, value.Value, Array.IndexOf(_variants, summary.Measurement.Variant)),
            ];
    }

    private IEnumerable<XElement> OnTheWay()
    {
        var charts = DevelopmentCharts.Create(_variants, _development).Select(chart => chart.Draw()).OfType<XElement>().ToArray();
        if (charts.Length == 0)
            yield break;
        yield return Tag("h2", "On the way");
        yield return Tag("p", Class("dim"), "Means over seeds, which are shown faintly behind them.");
        yield return Tag("div", Class("charts"), charts);
    }

    private JsonNode Describe(MeasurementSummary summary) =>
        new JsonObject
        {
            ["name"] = summary.Name,
            ["variant"] = summary.Measurement.Variant,
            ["queries"] = summary.Measurement.Queries.ToString().ToLowerInvariant(),
            ["baseline"] = summary.Measurement.Baseline,
            ["seeds"] = new JsonArray([.. summary.Tests.Select(test => (JsonNode)test.Run.Seed)]),
            ["average"] = Describe(summary.Average),
            ["above_best_baseline"] = _tables.Baseline is { } baseline ? Describe(summary.Above(baseline)) : null,
            ["groups"] = Map(_tables.Groups, group => group, group => Describe(summary.Share("groups", group))),
            ["datasets"] = Map(_tables.Datasets, dataset => dataset, dataset => Describe(summary.Share("datasets", dataset, "hit_at_1"))),
            ["conclusion_right"] = Describe(summary.Share("conclusion_right")),
            ["hit_at_1_when_conclusion_right"] = Describe(summary.Share("hit_at_1_when_conclusion_right")),
            ["hit_at_1_when_conclusion_wrong"] = Describe(summary.Share("hit_at_1_when_conclusion_wrong")),
            ["rationale_tokens"] = Describe(summary.RationaleTokens),
            ["steps"] = Describe(summary.Cost(run => run.Steps)),
            ["training_seconds"] = Describe(summary.Cost(run => run.Seconds)),
            ["training_queries"] = Describe(summary.Cost(run => run.Queries)),
            ["training_generated_tokens"] = Describe(summary.Cost(run => run.GeneratedTokens)),
            ["scores_by_seed"] = Map(summary.Tests, test => test.Run.Seed.ToString(CultureInfo.InvariantCulture), Scores),
        };

    private static JsonObject Scores(Experiments.TestResult test)
    {
        var scores = test.Scores.DeepClone().AsObject();
        scores["average"] = ScoreJson.Average(scores);
        return scores;
    }

    private JsonNode Describe(EqualCost comparison) =>
        new JsonObject
        {
            ["cost"] = comparison.Cost,
            ["limit"] = comparison.Limit,
            ["variants"] = new JsonArray([
                .. comparison.Variants.Select(row =>
                    (JsonNode)
                        new JsonObject
                        {
                            ["variant"] = row.Variant,
                            ["steps"] = Describe(row.Steps),
                            ["training_seconds"] = Describe(row.Seconds),
                            ["groups"] = Map(_tables.Groups, group => group, group => Describe(row.Groups.GetValueOrDefault(group))),
                            ["average"] = Describe(row.Average),
                        }
                ),
            ]),
        };

    private static JsonNode Describe(RunResult run) =>
        new JsonObject
        {
            ["name"] = run.Name,
            ["variant"] = run.Variant,
            ["seed"] = run.Seed,
            ["choice"] = Strings(run.Choice),
            ["development_average"] = 100 * run.DevelopmentAverage,
            ["steps"] = run.Steps,
            ["training_seconds"] = run.Seconds,
            ["training_queries"] = run.Queries,
            ["training_generated_tokens"] = run.GeneratedTokens,
            ["development"] = run.Development.DeepClone(),
        };

    private static JsonObject? Describe(Spread? spread) =>
        spread is { } known
            ? new JsonObject
            {
                ["mean"] = known.Mean,
                ["deviation"] = known.Deviation,
                ["count"] = known.Count,
            }
            : null;

    private static JsonArray Strings(IEnumerable<string> values) => new([.. values.Select(value => (JsonNode)value)]);

    private static JsonObject Map<T>(IEnumerable<T> items, Func<T, string> name, Func<T, JsonNode?> value) =>
        new(items.Select(item => KeyValuePair.Create(name(item), value(item))));
}
