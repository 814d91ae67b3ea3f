using System.Text.Json.Nodes;
using Rge.Models;
using Rge.Training.Runs;
using Rge.Training.Settings;

namespace Rge.Training.Tests;

/// <summary>Whole runs of a few steps on ShapeWorld.</summary>
public sealed class TrainerTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("rge-train-").FullName;

    private static TrainingConfig Config { get; } = new()
    {
        Name = "small",
        Threads = 1,
        Model = new ModelSettings { Shape = "shapeworld" },
        Data = new DataSettings { Queries = 8 },
        Objective = new ObjectiveSettings { Temperature = 0.05, MaxRationaleTokens = 6, LearnTemperature = true },
        Phases =
        [
            new() { Name = "see", Task = TrainingTask.Cells, Steps = 2, LearningRate = 1e-3 },
            new() { Name = "read", Task = TrainingTask.Language, Steps = 2, LearningRate = 1e-3 },
            new() { Name = "write", Steps = 2, LearningRate = 1e-3, EmbeddingWeight = 0 },
            new() { Name = "joint", Steps = 4, LearningRate = 1e-3, WarmupSteps = 1 },
        ],
        Evaluation = new EvaluationSettings { Every = 0 },
        Checkpoints = new CheckpointSettings { Every = 3, Keep = 2 },
    };

    [Fact]
    public void A_run_goes_through_its_phases_and_leaves_a_model_a_log_and_the_last_checkpoints()
    {
        var told = new List<TrainingProgress>();
        var folder = Folder("run");
        var outcome = new Trainer(Config, folder, new Listener(told.Add)).Run(resume: false);
        Assert.Equal((10, 10), (outcome.State.Step, told.Count));
        var log = RunLog.Read(folder.Log).ToArray();
        Assert.Equal(["see", "see", "read", "read", "write", "write", "joint", "joint", "joint", "joint"], log.Select(entry => entry["phase"]!.GetValue<string>()));
        Assert.All(log, entry => Assert.True(double.IsFinite(entry["loss"]!.GetValue<double>())));
        Assert.All(log[6..], entry => Assert.InRange(entry["rationale_tokens"]!.GetValue<double>(), 0.0, 6.0));
        // A step of AdamW changes the temperature by a share of itself that is of the order of the rate, 1e-3.
        var temperatures = log[6..].Select(entry => entry["temperature"]!.GetValue<double>()).ToArray();
        Assert.Equal(0.05, temperatures[0], 1e-6);
        Assert.InRange(temperatures.Zip(temperatures[1..]).Max(pair => Math.Abs(pair.Second / pair.First - 1)), 1e-4, 2e-3);
        Assert.True(outcome.State is { Queries: 64, Tokens: > 1000, TrainingSeconds: > 0 });
        Assert.Equal(["step-00000009", "step-00000010"], Directory.GetDirectories(Path.Combine(folder.Root, "checkpoints")).Select(path => Path.GetFileName(path)!).Order(StringComparer.Ordinal));
        Assert.Equal(128, Embedding(folder).Length);
        Assert.NotNull(JsonNode.Parse(File.ReadAllText(folder.Provenance))!["torchsharp"]);
    }

    [Theory]
    [InlineData(1)] // before the first checkpoint
    [InlineData(5)]
    [InlineData(8)]
    public void A_run_that_was_cut_off_goes_on_as_if_nothing_had_happened(int at)
    {
        var whole = Folder("whole");
        new Trainer(Config, whole).Run(resume: false);
        var cut = Folder("cut");
        // As a killed process would: in the middle of a line of the log, with a checkpoint half-written.
        Assert.Throws<InvalidOperationException>(() => new Trainer(Config, cut, new Listener(progress => { if (progress.Step == at) throw new InvalidOperationException("cut"); })).Run(resume: false));
        File.AppendAllText(cut.Log, """{"step": 9, "lo""");
        Directory.CreateDirectory(Path.Combine(cut.Root, "checkpoints", "step-00000009.0123.part"));
        new Trainer(Config, cut).Run(resume: true);

        Assert.Equal(Losses(whole), Losses(cut), (a, b) => Math.Abs(a - b) <= 1e-5 * Math.Abs(a));
        Assert.DoesNotContain(Directory.GetDirectories(cut.Root, "*.part", SearchOption.AllDirectories), _ => true);
        Assert.Equal(Embedding(whole), Embedding(cut), (a, b) => Math.Abs(a - b) < 1e-5);
    }

    [Fact]
    public void Cancelling_leaves_a_checkpoint_of_the_step_that_was_done()
    {
        using var stop = new CancellationTokenSource();
        var folder = Folder("cancelled");
        var trainer = new Trainer(Config, folder, new Listener(progress => { if (progress.Step == 4) stop.Cancel(); }));
        Assert.ThrowsAny<OperationCanceledException>(() => trainer.Run(resume: false, stop.Token));
        Assert.Equal(4, RunFolder.ReadState(folder.LatestCheckpoint()!).Step);
    }

    [Fact]
    public async Task Cancelling_at_any_moment_keeps_the_steps_that_were_done()
    {
        RunFolder whole = Folder("whole"), cut = Folder("cancelled");
        new Trainer(Config, whole).Run(resume: false);
        using var stop = new CancellationTokenSource();
        var (done, cancelling) = (0, Task.CompletedTask);
        var trainer = new Trainer(Config, cut, new Listener(progress =>
        {
            done = progress.Step;
            // From another thread, wherever the run is by then: between two steps or within one.
            if (progress.Step == 7) cancelling = Task.Run(stop.Cancel);
        }));
        var error = Record.Exception(() => trainer.Run(resume: false, stop.Token));
        await cancelling;
        Assert.True(error is null or OperationCanceledException, error?.ToString());
        Assert.Equal(done, RunFolder.ReadState(cut.LatestCheckpoint()!).Step);
        new Trainer(Config, cut).Run(resume: true);
        Assert.Equal(Losses(whole), Losses(cut), (a, b) => Math.Abs(a - b) <= 1e-5 * Math.Abs(a));
    }

    [Fact]
    public void A_folder_with_a_run_is_not_taken_by_another()
    {
        var folder = Folder("taken");
        new Trainer(Config, folder).Run(resume: false);
        Assert.Contains("--resume", Assert.Throws<TrainingException>(() => new Trainer(Config, folder).Run(resume: false)).Message, StringComparison.Ordinal);
        Assert.Contains("other settings", Assert.Throws<TrainingException>(() => new Trainer(Config with { Seed = 2 }, folder).Run(resume: true)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_loss_that_is_no_number_stops_the_run_with_a_report_of_the_batch()
    {
        var folder = Folder("diverging");
        var config = Config with { Optimizer = new OptimizerSettings { ClipNorm = 0 }, Phases = [new() { Steps = 5, LearningRate = 1e30, Schedule = LearningRateShape.Constant, EmbeddingWeight = 0 }] };
        var error = Assert.Throws<TrainingException>(() => new Trainer(config, folder).Run(resume: false));
        Assert.Contains("Expected finite numbers", error.Message, StringComparison.Ordinal);
        var report = JsonNode.Parse(File.ReadAllText(Path.Combine(folder.Root, "not-finite.json")))!;
        Assert.Equal(8, report["samples"]!.AsArray().Count);
    }

    [Theory]
    [InlineData(AdapterKind.Lora, "float32")]
    [InlineData(AdapterKind.Dora, "bfloat16")]
    public void An_adapter_is_trained_beside_frozen_weights_and_goes_on_after_a_stop(AdapterKind kind, string dtype)
    {
        var start = Folder("start");
        new Trainer(Config with { Phases = [new() { Steps = 1, LearningRate = 1e-4, EmbeddingWeight = 0 }] }, start).Run(resume: false);
        var config = Config with
        {
            Model = new ModelSettings { Checkpoint = start.Model, Dtype = dtype, Adapter = new AdapterSettings { Kind = kind, Rank = 4, Modules = ["q_proj", "down_proj"] } },
            Phases = [new() { Steps = 6, LearningRate = 1e-3 }],
        };
        RunFolder whole = Folder("whole"), cut = Folder("cut");
        new Trainer(config, whole).Run(resume: false);
        Assert.Throws<InvalidOperationException>(() => new Trainer(config, cut, new Listener(progress => { if (progress.Step == 5) throw new InvalidOperationException("cut"); })).Run(resume: false));
        new Trainer(config, cut).Run(resume: true);
        Assert.Equal(Losses(whole), Losses(cut), (a, b) => Math.Abs(a - b) <= 1e-5 * Math.Abs(a));

        Assert.Equal(["adapter_config.json", "adapter_model.safetensors"], Directory.GetFiles(whole.Model).Select(path => Path.GetFileName(path)!).Order(StringComparer.Ordinal));
        using var embedder = ReasoningEmbedder.Load(start.Model, new ReasoningEmbedderOptions { Model = new QwenVlModelOptions { Adapter = whole.Model } });
        Assert.NotNull(embedder);
    }

    [Fact]
    public void Bfloat16_weights_learn_through_master_copies()
    {
        var config = Config with { Model = Config.Model with { Dtype = "bfloat16" }, Phases = [new() { Task = TrainingTask.Cells, Steps = 20, LearningRate = 1e-3 }] };
        var folder = Folder("rounded");
        new Trainer(config, folder).Run(resume: false);
        var losses = Losses(folder);
        Assert.True(losses[^1] < losses[0] - 0.5, $"{losses[0]} became {losses[^1]}");
    }

    public void Dispose() => Directory.Delete(_root, recursive: true);

    private RunFolder Folder(string name) => new(Path.Combine(_root, name));

    private static double[] Losses(RunFolder folder) => [.. RunLog.Read(folder.Log).Select(entry => entry["loss"]!.GetValue<double>())];

    private static float[] Embedding(RunFolder folder)
    {
        using var embedder = ReasoningEmbedder.Load(folder.Model);
        return embedder.EmbedAsync(EmbeddingInput.Target("red star class")).GetAwaiter().GetResult().Vector.ToArray();
    }

    private sealed class Listener(Action<TrainingProgress> told) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => told(value);
    }
}
