using System.Text.Json.Nodes;
using System.Xml.Linq;
using Rge.Evaluation;
using Rge.Training.Experiments;
using Rge.Training.RunFiles;
using Rge.Training.Settings;
using TestResult = Rge.Training.Experiments.TestResult;

namespace Rge.Training.Tests.Reports;

/// <summary>Reports of made-up results, whose numbers can be worked out by hand.</summary>
public sealed class ExperimentReportTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("rge-report-").FullName;

    private static ExperimentConfig Config { get; } = new()
    {
        Name = "made up <&>",
        Pretraining = "pretraining.yaml",
        Seeds = [11, 12, 13],
        Variants = [new() { Name = "base", Config = "base.yaml", Tune = new Dictionary<string, string[]>(StringComparer.Ordinal) { ["phases.0.learning_rate"] = ["2e-4", "4e-4"] } }, new() { Name = "rge", Config = "rge.yaml" }],
        Measurements =
        [
            new() { Name = "weak | base", Variant = "base", Queries = QueryRationale.None, Baseline = true },
            new() { Name = "with <reason>", Variant = "rge" },
        ],
    };

    [Fact]
    public void Means_and_spreads_are_those_of_the_seeds()
    {
        var measured = new ExperimentReport(Outcome()).ToJson()["measurements"]!.AsArray();
        var (weak, reason) = (measured[0]!, measured[1]!);
        // Averages of the baseline: 20, 30 and 40 %; of the other: 41, 52 and 63 %, so 21, 22 and 23 points above, seed by seed.
        Check(weak["average"]!, mean: 30, deviation: 10);
        Check(reason["average"]!, mean: 52, deviation: 11);
        Check(reason["above_best_baseline"]!, mean: 22, deviation: 1);
        Check(reason["groups"]!["vqa"]!, mean: 62, deviation: 11);
        Check(reason["datasets"]!["grd_path"]!, mean: 42, deviation: 11);
        Check(reason["conclusion_right"]!, mean: 52, deviation: 11);
        Check(reason["training_seconds"]!, mean: 112, deviation: 1);
        Assert.Null(weak["conclusion_right"]);
        Assert.Equal([11, 12, 13], reason["seeds"]!.AsArray().Select(seed => (long)seed!));

        static void Check(JsonNode spread, double mean, double deviation)
        {
            Assert.Equal(mean, (double)spread["mean"]!, 1e-9);
            Assert.Equal(deviation, (double)spread["deviation"]!, 1e-9);
        }
    }

    [Fact]
    public void The_markdown_has_every_measurement_choice_and_run()
    {
        var text = new ExperimentReport(Outcome()).ToMarkdown();
        Assert.Contains("| weak \\| base | 40.0 ± 10.0 | 20.0 ± 10.0 | 30.0 ± 10.0 |  | 11 12 13 |", text, StringComparison.Ordinal);
        Assert.Contains("| with <reason> | 62.0 ± 11.0 | 42.0 ± 11.0 | 52.0 ± 11.0 | +22.0 ± 1.0 | 11 12 13 |", text, StringComparison.Ordinal);
        Assert.Contains("| with <reason> | 1,600 | 112 ± 1 | 102,400 | 9,000 | 14.0 ± 0.0 |", text, StringComparison.Ordinal);
        Assert.Contains("| with <reason> | 52.0 ± 11.0 | 90.0 ± 0.0 | 10.0 ± 0.0 |", text, StringComparison.Ordinal);
        Assert.Contains("| base | phases.0.learning_rate=2e-4 | 25.0 | 111 |  |", text, StringComparison.Ordinal);
        Assert.Contains("| base | phases.0.learning_rate=4e-4 | 35.0 | 111 | chosen |", text, StringComparison.Ordinal);
        Assert.All(Outcome().Runs, run => Assert.Contains($"| {run.Name} | {run.Seed} |", text, StringComparison.Ordinal));
        Assert.Contains("| commit | 0123abc |", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Variants_are_compared_at_equal_steps_and_at_equal_time()
    {
        var outcome = Outcome();
        // The baseline is measured at 100 steps and 60 s, then at 300 and 180; the other is done after 250 steps, or 110 s.
        foreach (var run in outcome.Runs)
        {
            File.WriteAllText(outcome.Folders[run.Name].Log, run.Variant == "base" ? Line(100, 60, 0.2) + Line(300, 120, 0.3) : Line(250, 110, 0.5));
        }
        var text = new ExperimentReport(outcome).ToMarkdown();
        Assert.Contains("Of each run the measurement that is nearest to 250 steps", text, StringComparison.Ordinal);
        Assert.Contains("Of each run the measurement that is nearest to 110 seconds", text, StringComparison.Ordinal);
        Assert.Contains("| base | 300 | 180 | 31.0 ± 0.0 | 29.0 ± 0.0 | 30.0 ± 0.0 |", text, StringComparison.Ordinal);
        Assert.Contains("| base | 100 | 60 | 21.0 ± 0.0 | 19.0 ± 0.0 | 20.0 ± 0.0 |", text, StringComparison.Ordinal);
        Assert.Equal(2, text.Split('\n').Count(line => line == "| rge | 250 | 110 | 51.0 ± 0.0 | 49.0 ± 0.0 | 50.0 ± 0.0 |"));

        static string Line(int step, double seconds, double average) => FormattableString.Invariant($$"""
            {"step":{{step}},"seconds":{{seconds}}}
            {"step":{{step}},"development":{"average":{{average}},"groups":{"vqa":{{average + 0.01}},"grounding":{{average - 0.01}} } } }

            """);
    }

    [Fact]
    public void The_page_is_well_formed_and_has_the_same()
    {
        var report = new ExperimentReport(Outcome());
        var page = XDocument.Parse(report.ToHtml());
        Assert.Equal("Experiment made up <&>", page.Descendants("h1").Single().Value);
        Assert.Contains("+22.0 ± 1.0 points", page.Root!.Value, StringComparison.Ordinal);
        // Bars of the average and each meta-task, and the way there by steps, by time, and of conclusions.
        string[] charts = ["average: hit@1, %", "vqa: hit@1, %", "grounding: hit@1, %", "hit@1 on the development set, %, by step", "hit@1 on the development set, %, by minutes of training", "Right conclusions on the development set, %, by step"];
        Assert.Equal(charts, page.Descendants("figcaption").Select(caption => caption.Value));
        Assert.Equal(2, page.Descendants("figure").First().Descendants("rect").Count());
        var way = page.Descendants("figure").ElementAt(3);
        Assert.Contains(way.Descendants("title"), title => title.Value == "rge: 22 at step 100"); // the mean over seeds of 21, 22 and 23 %
        Assert.Equal(3, way.Descendants("path").Count(path => path.Attribute("class")!.Value == "faint s1"));
        Assert.Equal(Outcome().Folders.Count, page.Descendants("a").Count());
        foreach (var cell in (string[])["weak | base", "with <reason>", "+22.0 ± 1.0", "chosen", "0123abc"]) Assert.Contains(page.Descendants(), element => !element.HasElements && element.Value == cell);
    }

    [Fact]
    public void What_is_not_done_yet_is_left_out()
    {
        var outcome = Outcome();
        outcome = outcome with { Runs = [.. outcome.Runs.Take(2)], Tests = [.. outcome.Tests.Where(test => test.Run.Seed == 11)], Chosen = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal) };
        var report = new ExperimentReport(outcome);
        Assert.Contains("2 of 6 runs and 2 of 6 measurements", report.ToMarkdown(), StringComparison.Ordinal);
        Assert.Contains("| with <reason> | 51.0 | 31.0 | 41.0 | +21.0 | 11 |", report.ToMarkdown(), StringComparison.Ordinal);
        Assert.DoesNotContain("| 111 | chosen |", report.ToMarkdown(), StringComparison.Ordinal);

        var nothing = new ExperimentReport(outcome with { Runs = [], Tests = [], Tuning = [], Folders = new Dictionary<string, RunFolder>(StringComparer.Ordinal) });
        Assert.Contains("0 of 6 runs", nothing.Summary(), StringComparison.Ordinal);
        Assert.Empty(XDocument.Parse(nothing.ToHtml()).Descendants("figure"));
        Assert.Equal(3, nothing.Write(_root).Count(File.Exists));
    }

    [Fact]
    public void The_average_is_the_mean_of_the_datasets_whatever_was_stored()
    {
        var outcome = Outcome();
        // Two datasets of one meta-task and one of another: their mean is 50 %, that of the meta-tasks 45 %, which earlier versions stored.
        JsonNode[] stored = [.. new[] { 0, 0.1 }.Select(more => JsonNode.Parse(FormattableString.Invariant($$"""
            {
              "average": {{0.45 + more}}, "groups": {"vqa": {{0.6 + more}}, "grounding": {{0.3 + more}} },
              "datasets": {"vqa_path": {"hit_at_1": {{0.5 + more}} }, "vqa_attr": {"hit_at_1": {{0.7 + more}} }, "grd_path": {"hit_at_1": {{0.3 + more}} } }
            }
            """))!)];
        outcome = outcome with { Tests = [.. outcome.Tests.Select(test => test with { Scores = stored[test.Run.Variant == "base" ? 0 : 1].DeepClone().AsObject() })] };
        var report = new ExperimentReport(outcome).ToJson();
        Assert.Equal(["50.00", "60.00"], report["measurements"]!.AsArray().Select(row => ((double)row!["average"]!["mean"]!).ToString("0.00", System.Globalization.CultureInfo.InvariantCulture)));
        Assert.Equal(10, (double)report["measurements"]![1]!["above_best_baseline"]!["mean"]!, 1e-9);
        Assert.Equal(0.5, (double)report["measurements"]![0]!["scores_by_seed"]!["12"]!["average"]!, 1e-9);
        Assert.Contains("| weak \\| base | 60.0 ± 0.0 | 30.0 ± 0.0 | 50.0 ± 0.0 |  |", new ExperimentReport(outcome).ToMarkdown(), StringComparison.Ordinal);
        // The same from the model's own rows: it is what rge eval calls overall.
        Assert.Equal(0.5, new EvaluationOutcome([Dataset("a", "vqa", 1, 2), Dataset("b", "vqa", 7, 10), Dataset("c", "grounding", 3, 10)]).Average, 1e-9);

        static DatasetOutcome Dataset(string name, string group, int hits, int rows) =>
            new(name, group, [.. Enumerable.Range(0, rows).Select(row => new RowOutcome { Predicted = 0, Rank = row < hits ? 1 : 2 })]);
    }

    [Fact]
    public void Without_a_baseline_there_is_a_report_without_the_column()
    {
        var outcome = Outcome();
        outcome = outcome with { Config = Config with { Measurements = [.. Config.Measurements.Select(row => row with { Baseline = false })] } };
        var report = new ExperimentReport(outcome);
        Assert.Contains("| with <reason> | 62.0 ± 11.0 | 42.0 ± 11.0 | 52.0 ± 11.0 | 11 12 13 |", report.ToMarkdown(), StringComparison.Ordinal);
        Assert.DoesNotContain("above best baseline", report.ToMarkdown(), StringComparison.Ordinal);
        Assert.DoesNotContain("a difference of", XDocument.Parse(report.ToHtml()).Root!.Value, StringComparison.Ordinal);
        Assert.Null(report.ToJson()["best_baseline"]);
        Assert.Equal(3, report.Write(_root).Count(File.Exists));
    }

    [Fact]
    public void A_report_is_made_again_from_its_json_where_the_runs_are_gone()
    {
        var report = new ExperimentReport(Outcome() with { Notes = ["A correction."] });
        var paths = report.Write(_root);
        Directory.Delete(Path.Combine(_root, "runs"), recursive: true);
        var again = ExperimentReport.Read(paths[1]);
        Assert.Contains("Development set, at equal steps", report.ToMarkdown(), StringComparison.Ordinal);
        Assert.Contains("done. Seeds 11, 12, 13.\n\nA correction.\n\n## ", report.ToMarkdown(), StringComparison.Ordinal);
        Assert.Equal(report.ToMarkdown(), again.ToMarkdown());
        Assert.True(JsonNode.DeepEquals(report.ToJson(), again.ToJson()));
        // What it has none of are the curves.
        Assert.Equal(3, XDocument.Parse(again.ToHtml()).Descendants("figcaption").Count());

        File.WriteAllText(paths[1], """{"measurements": []}""");
        Assert.Equal($"{paths[1]} is no report of an experiment, expected the report.json that 'rge experiment' writes.", Assert.Throws<TrainingException>(() => ExperimentReport.Read(paths[1])).Message);
    }

    public void Dispose() => Directory.Delete(_root, recursive: true);

    /// <summary>Baselines of 20, 30, 40 %, and 21, 22, 23 points more; the meta-tasks are ten points above and below.</summary>
    private ExperimentOutcome Outcome()
    {
        string[] choice = ["phases.0.learning_rate=4e-4"];
        var tuning = new[] { Run("base", 11, ["phases.0.learning_rate=2e-4"], 0.25), Run("base", 11, choice, 0.35), Run("rge", 11, [], 0.5) };
        RunResult[] runs = [.. Config.Seeds.SelectMany(seed => (RunResult[])[Run("base", seed, choice, 0.35), Run("rge", seed, [], 0.5)])];
        foreach (var run in tuning.Concat(runs)) WriteRun(run);
        return new ExperimentOutcome
        {
            Config = Config,
            Pretraining = new RunFolder(Path.Combine(_root, "pretraining")),
            Tuning = tuning,
            Chosen = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal) { ["base"] = choice, ["rge"] = [] },
            Runs = runs,
            Folders = tuning.Concat(runs).Select(run => run.Name).Distinct().ToDictionary(name => name, name => new RunFolder(Path.Combine(_root, "runs", name)), StringComparer.Ordinal),
            Tests =
            [
                .. runs.Where(run => run.Variant == "base").Select((run, i) => new TestResult("weak | base", run, Scores(0.2 + 0.1 * i, null))),
                .. runs.Where(run => run.Variant == "rge").Select((run, i) => new TestResult("with <reason>", run, Scores(0.41 + 0.11 * i, 0.41 + 0.11 * i))),
            ],
        };
    }

    private static RunResult Run(string variant, long seed, IReadOnlyList<string> choice, double development) => new()
    {
        Variant = variant,
        Seed = seed,
        Choice = choice,
        Steps = 1600,
        Seconds = 100 + seed,
        Queries = 102_400,
        GeneratedTokens = variant == "rge" ? 9000 : 0,
        Development = (JsonObject)JsonNode.Parse($$"""{"average": {{development}} }""")!,
    };

    private static JsonObject Scores(double average, double? conclusion) => (JsonObject)JsonNode.Parse(FormattableString.Invariant($$"""
        {
          "average": {{average}},
          "groups": {"vqa": {{average + 0.1}}, "grounding": {{average - 0.1}} },
          "datasets": {"vqa_path": {"hit_at_1": {{average + 0.1}} }, "grd_path": {"hit_at_1": {{average - 0.1}} } },
          "rationale_tokens": {{(conclusion is null ? 0 : 14)}},
          "conclusion_right": {{conclusion?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "null"}},
          "hit_at_1_when_conclusion_right": {{(conclusion is null ? "null" : "0.9")}},
          "hit_at_1_when_conclusion_wrong": {{(conclusion is null ? "null" : "0.1")}}
        }
        """))!;

    private void WriteRun(RunResult run)
    {
        var folder = new RunFolder(Path.Combine(_root, "runs", run.Name));
        Directory.CreateDirectory(folder.Root);
        File.WriteAllText(folder.Provenance, """{"commit": "0123abc", "rge": "0.1.0"}""");
        File.WriteAllText(folder.Log, FormattableString.Invariant($$"""
            {"step":100,"seconds":60}
            {"step":100,"development":{"average":{{0.1 + 0.01 * run.Seed}},"conclusion_right":{{(run.Variant == "rge" ? "0.5" : "null")}} } }

            """));
    }
}
