using Rge.Tests.Shared;
using Rge.Training.Experiments;
using Rge.Training.RunFiles;
using Rge.Training.Settings;

namespace Rge.Training.Tests;

/// <summary>Files of runs and experiments that are damaged in ways a parser may let pass.</summary>
public sealed class DamagedRunFilesTests : IDisposable
{
    private readonly ScratchFolder _scratch = new();

    [Theory]
    [InlineData("""{"step": 2, "loss": 1, "loss": 2}""")]
    [InlineData("""{"step": 2, "development": {"average": 0.5, "average": 0.6}}""")]
    [InlineData("""{"step": 2, "\ud800": 1, "\ud800": 2}""")]
    [InlineData("""{"step": 2, "loss": """)]
    public void A_log_is_read_up_to_the_first_damaged_line_and_goes_on_there(string line)
    {
        var path = _scratch["log.jsonl"];
        File.WriteAllText(path, $"{{\"step\": 1, \"loss\": 3}}\n{line}\n{{\"step\": 3, \"loss\": 1}}\n");
        Assert.Equal(3, (int)RunLog.Read(path).Single()["loss"]!);
        new RunLog(path, step: 3).Dispose();
        Assert.Equal("{\"step\": 1, \"loss\": 3}\n", File.ReadAllText(path));
    }

    [Theory]
    [InlineData("""{"state.json": "a", "state.json": "b"}""")]
    [InlineData("""{"\ud800": "a"}""")]
    [InlineData("[]")]
    [InlineData("""{"state.json": """)]
    public void Damaged_checksums_are_named(string content)
    {
        var folder = new RunFolder(_scratch["run"]);
        folder.WriteCheckpoint(new RunState { Step = 1 }, keep: 2, _ => { });
        var checkpoint = folder.LatestCheckpoint()!;
        var path = Path.Combine(checkpoint, "checksums.json");
        File.WriteAllText(path, content);
        Assert.Equal(
            $"{path} is damaged: expected the checksum of each file. There is no older checkpoint: begin again in another folder.",
            Assert.Throws<TrainingException>(() => folder.RequireWhole(checkpoint)).Message
        );
    }

    [Theory]
    [InlineData("""{"step": 1, "step": 2}""")]
    [InlineData("""{"\ud800": 1}""")]
    [InlineData("null")]
    public void A_damaged_state_is_named(string content)
    {
        var path = _scratch["state.json"];
        File.WriteAllText(path, content);
        Assert.Equal(
            $"{path} cannot be read: it is not a run's state in JSON.",
            Assert.Throws<TrainingException>(() => RunFolder.ReadState(Path.GetDirectoryName(path)!)).Message
        );
    }

    [Theory]
    [InlineData("""{"settings": "name: a", "settings": "name: b"}""")]
    [InlineData("""{"\ud800": 1, "\ud800": 2}""")]
    [InlineData("")]
    public void A_damaged_report_is_named(string content)
    {
        var path = _scratch["report.json"];
        File.WriteAllText(path, content);
        Assert.Equal(
            $"{path} is no report of an experiment, expected the report.json that 'rge experiment' writes.",
            Assert.Throws<TrainingException>(() => ExperimentReport.Read(path)).Message
        );
    }

    [Theory]
    [InlineData("result.json", "{")]
    [InlineData("result.json", "{}")]
    [InlineData("result.json", "null")]
    [InlineData("result.json", """{"\ud800": 1}""")]
    [InlineData("result.json", Result + """, "seed": 2}""")]
    [InlineData("test-written-1-2.json", """{"average": 0.5, "average": 0.6}""")]
    public void A_damaged_result_of_an_experiment_is_named(string name, string content)
    {
        var experiment = new Experiment(
            new ExperimentConfig
            {
                Name = "damaged",
                Pretraining = "run.yaml",
                Seeds = [1],
                Variants = [new() { Name = "rge", Config = "run.yaml" }],
                Measurements = [new() { Name = "hit@1", Variant = "rge" }],
                Test = new() { Seed = 1, Queries = 2 },
            },
            _scratch[""],
            _scratch["out"]
        );
        var run = _scratch["out/runs/rge-seed1"];
        Directory.CreateDirectory(run);
        File.WriteAllText(_scratch["run.yaml"], "name: run");
        File.WriteAllText(Path.Combine(run, "result.json"), Result + "}");
        Assert.Single(experiment.Read().Runs);
        var path = Path.Combine(run, name);
        File.WriteAllText(path, content);
        Assert.Equal(
            $"{path} is damaged, expected what 'rge experiment' writes there: delete it, and the experiment makes it again.",
            Assert.Throws<TrainingException>(experiment.Read).Message
        );
    }

    public void Dispose() => _scratch.Dispose();

    private const string Result = """
        {"variant": "rge", "seed": 1, "choice": [], "steps": 1, "seconds": 1, "queries": 1, "generated_tokens": 0,
         "development": {"average": 0.5}
        """;
}
