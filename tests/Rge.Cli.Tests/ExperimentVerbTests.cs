using System.Text.Json.Nodes;
using Rge.Cli.Output;
using Rge.Tests.Shared;
using static Rge.Cli.Tests.CommandLine;

namespace Rge.Cli.Tests;

/// <summary>A whole experiment of a few steps: pretraining, a choice, two variants, two seeds, test and report.</summary>
public sealed class ExperimentVerbTests : IDisposable
{
    private const string Run = """
        model: {checkpoint: replaced-by-the-pretrained}
        threads: 1
        data: {queries: 4}
        evaluation: {every: 1, queries: 1}
        """;

    private readonly string _folder = Directory.CreateTempSubdirectory("rge-experiment-").FullName;

    [Fact]
    public async Task An_experiment_runs_resumes_and_reports()
    {
        Write("pretraining.yaml", "model: {shape: shapeworld}\nthreads: 1\ndata: {queries: 4}\nphases: [{task: language, steps: 1}]");
        Write("baseline.yaml", Run + "\nobjective: {rationale: none, lm_weight: 0}\nphases: [{name: contrast, steps: 1}]");
        Write("rge.yaml", Run + "\nobjective: {rationale: self, max_rationale_tokens: 4}\nphases: [{name: joint, steps: 1}]");
        var experiment = Write(
            "small.yaml",
            """
            name: small
            pretraining: pretraining.yaml
            seeds: [1, 2]
            variants:
              - {name: baseline, config: baseline.yaml, tune: {phases.0.learning_rate: [1e-4, 2e-4]}}
              - {name: rge, config: rge.yaml}
            measurements:
              - {name: without, variant: baseline, queries: none, baseline: true}
              - {name: with, variant: rge}
            test: {queries: 1}
            """
        );
        var output = Directory.CreateDirectory(Path.Combine(_folder, "out")).FullName;

        var before = await OutputAsync("experiment", experiment, "--out", output, "--report-only");
        Assert.Contains("0 of 4 runs and 0 of 4 measurements", before, StringComparison.Ordinal);

        var (code, text, progress) = await RunAsync("experiment", experiment, "--out", output, "--jobs", "2");
        Assert.True(code == ExitCodes.Success, progress);
        Assert.Contains("| with |", text, StringComparison.Ordinal);
        Assert.Contains("tuning 3/3", progress, StringComparison.Ordinal);
        Assert.Contains("testing 4/4", progress, StringComparison.Ordinal);
        Assert.All((string[])["report.md", "report.json", "report.html"], name =>
            Assert.Contains(Path.Combine(output, name), text, StringComparison.Ordinal)
        );
        var report = JsonNode.Parse(
            await File.ReadAllTextAsync(Path.Combine(output, "report.json"), TestContext.Current.CancellationToken)
        )!;
        Assert.Equal(
            (4, 4, 2),
            ((int)report["measured"]!, (int)report["to_measure"]!, (int)report["measurements"]![1]!["average"]!["count"]!)
        );
        Assert.Single(report["chosen"]!["baseline"]!.AsArray());
        Assert.All(Directory.GetDirectories(Path.Combine(output, "runs")), run =>
            Assert.True(File.Exists(Path.Combine(run, "report.html")))
        );

        // All is on the disk: the second time nothing is trained.
        var written = LastModel();
        Assert.Equal(text, await OutputAsync("experiment", experiment, "--out", output));
        Assert.Equal(written, LastModel());

        // So it is where a run was stopped after its last step, before it could say that it is done.
        File.Delete(Directory.GetFiles(output, "result.json", SearchOption.AllDirectories)[0]);
        Assert.Equal(text, await OutputAsync("experiment", experiment, "--out", output));

        DateTime LastModel() => Directory.GetFiles(output, "model.safetensors", SearchOption.AllDirectories).Max(File.GetLastWriteTimeUtc);
    }

    [Fact]
    public async Task Without_a_baseline_an_experiment_ends_with_a_report_and_its_json_is_enough_for_another()
    {
        Write("pretraining.yaml", "model: {shape: shapeworld}\nthreads: 1\ndata: {queries: 4}\nphases: [{task: language, steps: 1}]");
        Write("rge.yaml", Run + "\nobjective: {rationale: self, max_rationale_tokens: 4}\nphases: [{name: joint, steps: 1}]");
        var experiment = Write(
            "alone.yaml",
            """
            name: alone
            pretraining: pretraining.yaml
            seeds: [1]
            variants:
              - {name: rge, config: rge.yaml, tune: {model.checkpoint: [a/b, a/c]}}
            measurements:
              - {name: with, variant: rge}
            test: {queries: 1}
            """
        );
        var output = Path.Combine(_folder, "alone");
        var text = await OutputAsync("experiment", experiment, "--out", output);
        Assert.Contains("| with |", text, StringComparison.Ordinal);
        // Values that are tuned name the runs, whatever is in them.
        Assert.Equal(
            ["rge-a_b-seed1", "rge-a_c-seed1"],
            Directory.GetDirectories(Path.Combine(output, "runs")).Select(run => Path.GetFileName(run)).Order(StringComparer.Ordinal)
        );

        var report = Path.Combine(output, "report.json");
        var again = await OutputAsync("experiment", report, "--report-only", "--out", Path.Combine(_folder, "again"));
        Assert.Equal(
            await File.ReadAllTextAsync(Path.Combine(output, "report.md")),
            await File.ReadAllTextAsync(Path.Combine(_folder, "again", "report.md"))
        );
        Assert.Contains("| with |", again, StringComparison.Ordinal);
        Assert.Contains("expected --report-only", await ErrorAsync(ExitCodes.Failure, "experiment", report), StringComparison.Ordinal);

        var json = JsonNode.Parse(await OutputAsync("experiment", experiment, "--out", output, "--json"))!;
        Assert.Equal((1, 1), ((int)json["measured"]!, json["measurements"]!.AsArray().Count));
    }

    [Fact]
    public async Task Datasets_beyond_words_are_measured_in_every_way()
    {
        Write("pretraining.yaml", "model: {shape: shapeworld}\nthreads: 1\ndata: {queries: 4}\nphases: [{task: language, steps: 1}]");
        Write(
            "rge.yaml",
            Run.Replace("queries: 4}", "queries: 4, weights: {ret_twin: 1}}", StringComparison.Ordinal)
                + "\nobjective: {rationale: self, max_rationale_tokens: 4}\nphases: [{name: joint, steps: 1}]"
        );
        var experiment = Write(
            "beyond.yaml",
            """
            name: beyond
            pretraining: pretraining.yaml
            seeds: [1]
            variants:
              - {name: rge, config: rge.yaml, set: {evaluation.datasets: "[ret_aspect]"}}
            measurements:
              - {name: with, variant: rge}
              - {name: conclusion, variant: rge, queries: conclusion_as_target}
              - {name: rationale, variant: rge, queries: rationale_as_target}
              - {name: shuffled, variant: rge, queries: shuffled}
              - {name: filler, variant: rge, queries: filler}
            test: {queries: 2, datasets: [beyond-words]}
            """
        );
        var output = Path.Combine(_folder, "beyond");
        var json = JsonNode.Parse(await OutputAsync("experiment", experiment, "--out", output, "--json"))!;
        Assert.Equal(5, json["measurements"]!.AsArray().Count);
        Assert.All(json["measurements"]!.AsArray(), measurement =>
            Assert.Equal(["ret_twin", "ret_aspect", "grd_twin"], measurement!["datasets"]!.AsObject().Select(dataset => dataset.Key))
        );
        var run = Path.Combine(output, "runs", "rge-seed1");
        Assert.Equal(5, Directory.GetFiles(run, "test-*-1-2-ret_twin+ret_aspect+grd_twin.json").Length);
        Assert.Contains("\"ret_aspect\"", await File.ReadAllTextAsync(Path.Combine(run, "log.jsonl")), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(
        "variants: [{name: rge, config: rge.yaml}]\ntest: {datasets: [ret_twins]}",
        "test.datasets.0 is ret_twins, expected one of standard, beyond-words, cls_major, "
    )]
    [InlineData(
        "variants: [{name: rge, config: rge.yaml}]\nmeasurements: [{name: a, variant: rge, queries: shuffled}]\ntest: {queries: 1}",
        "test.queries is 1, expected at least 2 with a measurement of shuffled queries, which exchange their rationales."
    )]
    [InlineData(
        "variants: [{name: rge, config: rge.yaml}, {name: rge, config: rge.yaml}]",
        "variants is 'rge' several times, expected each name once."
    )]
    [InlineData(
        "variants: [{name: rge, config: rge.yaml}]\nmeasurements: [{name: a, variant: rge}, {name: a, variant: rge}]",
        "measurements is 'a' several times, expected each name once."
    )]
    [InlineData(
        "variants: [{name: rge, config: rge.yaml}]\nmeasurements: [{name: a, variant: other}]",
        "measurements.0.variant is 'other', expected one of rge."
    )]
    [InlineData(
        "variants: [{name: rge, config: rge.yaml, after: other}]",
        "variants.0.after is other, expected a variant that has neither tune nor after itself."
    )]
    [InlineData("variants: [{name: rge, config: none.yaml}]", "none.yaml cannot be read: ")]
    [InlineData("variants: [{name: rge, config: rge.yaml, set: {data.querys: 3}}]", "querys")]
    [InlineData("variants: [{name: rge, config: rge.yaml, tune: {data.queries: [4, 0]}}]", "data.queries")]
    [InlineData(
        "variants: [{name: rge, config: rge.yaml, set: {evaluation.every: 0}}]",
        "evaluation.every is 0, expected at least 1: an experiment needs the development set."
    )]
    [InlineData(
        "variants: [{name: rge-4, config: rge.yaml}, {name: rge, config: rge.yaml, tune: {data.queries: [4]}}]",
        "would both be called rge-4-seed1"
    )]
    [InlineData(
        "variants: [{name: rge, config: rge.yaml}, {name: more, config: rge.yaml, after: rge, set: {model.adapter.rank: 4}}]",
        "rge.yaml: model.adapter is set, expected none: an experiment tests whole models."
    )]
    [InlineData("variants: []", "variants is [], expected at least one.")]
    public async Task What_is_wrong_with_an_experiment_is_known_before_the_first_step(string settings, string message)
    {
        Write("pretraining.yaml", "model: {shape: shapeworld}\nphases: [{task: language, steps: 100000}]");
        Write("rge.yaml", Run + "\nphases: [{name: joint, steps: 1}]");
        var experiment = Write("wrong.yaml", $"name: wrong\npretraining: pretraining.yaml\nseeds: [1]\n{settings}\n");
        Assert.Contains(
            message,
            await ErrorAsync(ExitCodes.Failure, "experiment", experiment, "--out", Path.Combine(_folder, "wrong")),
            StringComparison.Ordinal
        );
        Assert.False(Directory.Exists(Path.Combine(_folder, "wrong", "pretraining")));
    }

    [Fact]
    public async Task An_experiment_whose_pretraining_trains_an_adapter_is_refused_before_the_first_step()
    {
        Write(
            "pretraining.yaml",
            "model: {checkpoint: start, adapter: {rank: 4}}\nthreads: 1\ndata: {queries: 4}\nphases: [{task: language, steps: 1}]"
        );
        Write("rge.yaml", Run + "\nphases: [{name: joint, steps: 1}]");
        var experiment = Write(
            "adapter.yaml",
            "name: adapter\npretraining: pretraining.yaml\nseeds: [1]\nvariants: [{name: rge, config: rge.yaml}]\n"
        );
        Assert.Contains(
            "pretraining.yaml: model.adapter is set, expected none: an experiment tests whole models.",
            await ErrorAsync(ExitCodes.Failure, "experiment", experiment, "--out", Path.Combine(_folder, "adapter")),
            StringComparison.Ordinal
        );
        Assert.False(Directory.Exists(Path.Combine(_folder, "adapter", "pretraining")));
    }

    [Fact]
    public async Task The_first_run_that_fails_stops_those_beside_it_and_is_the_error()
    {
        Write("pretraining.yaml", "model: {shape: shapeworld}\nthreads: 1\ndata: {queries: 4}\nphases: [{task: language, steps: 1}]");
        var baseline = "\nobjective: {rationale: none, lm_weight: 0}\nphases: [{name: contrast, steps: 400}]\n";
        Write("long.yaml", Run.Replace("every: 1,", "every: 1000,", StringComparison.Ordinal) + baseline);
        var experiment = Write(
            "failing.yaml",
            """
            name: failing
            pretraining: pretraining.yaml
            seeds: [1]
            variants:
              - {name: long, config: long.yaml}
              - {name: bad, config: long.yaml, set: {data.folder: nowhere}}
            """
        );
        var output = Path.Combine(_folder, "failing");
        Assert.Contains(
            "data.folder is nowhere, which does not exist",
            await ErrorAsync(ExitCodes.Failure, "experiment", experiment, "--out", output, "--jobs", "2"),
            StringComparison.Ordinal
        );
        Assert.False(Directory.Exists(Path.Combine(output, "runs", "long-seed1", "model")));
    }

    [Fact]
    public async Task A_report_on_a_folder_that_is_not_there_is_refused()
    {
        var config = Path.Combine(Golden.RepositoryRoot, "configs", "headline.yaml");
        var folder = Path.Combine(_folder, "nowhere");
        Assert.Contains(
            $"There is no folder {folder}",
            await ErrorAsync(ExitCodes.Failure, "experiment", config, "--report-only", "--out", folder),
            StringComparison.Ordinal
        );
        Assert.False(Directory.Exists(folder));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string Write(string name, string text)
    {
        var path = Path.Combine(_folder, name);
        File.WriteAllText(path, text);
        return path;
    }
}
