using System.Text.Json.Nodes;
using Rge.Models;
using Rge.Training.RunFiles;
using Rge.Training.Runs;
using Rge.Training.Settings;

namespace Rge.Training.Tests;

/// <summary>Whole runs of a few steps on ShapeWorld.</summary>
public sealed class TrainerTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("rge-train-").FullName;

    private static TrainingConfig Config { get; } =
        new()
        {
            Name = "small",
            Threads = 1,
            Model = new ModelSettings { Shape = "shapeworld" },
            Data = new DataSettings { Queries = 8 },
            Objective = new ObjectiveSettings
            {
                Temperature = 0.05,
                MaxRationaleTokens = 6,
                LearnTemperature = true,
            },
            Phases =
            [
                new()
                {
                    Name = "see",
                    Task = "cells",
                    Steps = 2,
                    LearningRate = 1e-3,
                },
                new()
                {
                    Name = "read",
                    Task = "language",
                    Steps = 2,
                    LearningRate = 1e-3,
                },
                new()
                {
                    Name = "write",
                    Steps = 2,
                    LearningRate = 1e-3,
                    EmbeddingWeight = 0,
                },
                new()
                {
                    Name = "joint",
                    Steps = 4,
                    LearningRate = 1e-3,
                    WarmupSteps = 1,
                },
            ],
            Evaluation = new EvaluationSettings { Every = 0 },
            Checkpoints = new CheckpointSettings { Every = 3, Keep = 2 },
        };

    [Fact]
    public async Task A_run_goes_through_its_phases_and_leaves_a_model_a_log_and_the_last_checkpoints()
    {
        var reported = new List<TrainingProgress>();
        var folder = Folder("run");
        var outcome = await new Trainer(Config, folder, new Listener(reported.Add)).RunAsync(resume: false);
        Assert.Equal((10, 10), (outcome.State.Step, reported.Count));
        var log = RunLog.Read(folder.Log).ToArray();
        Assert.Equal(
            ["see", "see", "read", "read", "write", "write", "joint", "joint", "joint", "joint"],
            log.Select(entry => entry["phase"]!.GetValue<string>())
        );
        Assert.All(log, entry => Assert.True(double.IsFinite(entry["loss"]!.GetValue<double>())));
        Assert.All(log[6..], entry => Assert.InRange(entry["rationale_tokens"]!.GetValue<double>(), 0.0, 6.0));
        // A step of AdamW changes the temperature by a share of itself that is of the order of the rate, 1e-3.
        var temperatures = log[6..].Select(entry => entry["temperature"]!.GetValue<double>()).ToArray();
        Assert.Equal(0.05, temperatures[0], 1e-6);
        Assert.InRange(temperatures.Zip(temperatures[1..]).Max(pair => Math.Abs(pair.Second / pair.First - 1)), 1e-4, 2e-3);
        Assert.True(outcome.State is { Queries: 64, Tokens: > 1000, TrainingSeconds: > 0 });
        Assert.Equal(
            ["step-00000009", "step-00000010"],
            Directory
                .GetDirectories(Path.Combine(folder.Root, "checkpoints"))
                .Select(path => Path.GetFileName(path)!)
                .Order(StringComparer.Ordinal)
        );
        Assert.Equal(128, Embedding(folder).Length);
        Assert.NotNull(JsonNode.Parse(File.ReadAllText(folder.Provenance))!["torchsharp"]);
    }

    [Theory]
    [InlineData(1)] // before the first checkpoint
    [InlineData(5)]
    [InlineData(8)]
    public async Task An_interrupted_run_resumes_with_the_same_result(int at)
    {
        var whole = Folder("whole");
        await new Trainer(Config, whole).RunAsync(resume: false);
        var cut = Folder("cut");
        // As a killed process would: in the middle of a line of the log, with a checkpoint half-written.
        await Assert.ThrowsAsync<InvalidOperationException>(() =>
            new Trainer(
                Config,
                cut,
                new Listener(progress =>
                {
                    if (progress.Step == at)
                        throw new InvalidOperationException("cut");
                })
            ).RunAsync(resume: false)
        );
        File.AppendAllText(cut.Log, """{"step": 9, "lo""");
        Directory.CreateDirectory(Path.Combine(cut.Root, "checkpoints", "step-00000009.0123.part"));
        await new Trainer(Config, cut).RunAsync(resume: true);

        Assert.Equal(Losses(whole), Losses(cut), (a, b) => Math.Abs(a - b) <= 1e-5 * Math.Abs(a));
        Assert.DoesNotContain(Directory.GetDirectories(cut.Root, "*.part", SearchOption.AllDirectories), _ => true);
        Assert.Equal(Embedding(whole), Embedding(cut), (a, b) => Math.Abs(a - b) < 1e-5);
    }

    [Fact]
    public async Task Cancelling_leaves_a_checkpoint_of_the_step_that_was_done()
    {
        using var stop = new CancellationTokenSource();
        var folder = Folder("cancelled");
        var trainer = new Trainer(
            Config,
            folder,
            new Listener(progress =>
            {
                if (progress.Step == 4)
                    stop.Cancel();
            })
        );
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => trainer.RunAsync(resume: false, stop.Token));
        Assert.Equal(4, RunFolder.ReadState(folder.LatestCheckpoint()!).Step);
    }

    [Fact]
    public async Task Cancelling_at_any_moment_keeps_the_steps_that_were_done()
    {
        RunFolder whole = Folder("whole"),
            cut = Folder("cancelled");
        await new Trainer(Config, whole).RunAsync(resume: false);
        using var stop = new CancellationTokenSource();
        var (done, cancelling) = (0, Task.CompletedTask);
        var trainer = new Trainer(
            Config,
            cut,
            new Listener(progress =>
            {
                done = progress.Step;
                // From another thread, wherever the run is by then: between two steps or within one.
                if (progress.Step == 7)
                    cancelling = Task.Run(stop.Cancel);
            })
        );
        var error = await Record.ExceptionAsync(() => trainer.RunAsync(resume: false, stop.Token));
        await cancelling;
        Assert.True(error is null or OperationCanceledException, error?.ToString());
        Assert.Equal(done, RunFolder.ReadState(cut.LatestCheckpoint()!).Step);
        await new Trainer(Config, cut).RunAsync(resume: true);
        Assert.Equal(Losses(whole), Losses(cut), (a, b) => Math.Abs(a - b) <= 1e-5 * Math.Abs(a));
    }

    [Theory]
    [InlineData(8)]
    [InlineData(10)] // after the last step
    public async Task Cancelling_a_measurement_keeps_the_steps_before_it_and_the_run_measures_itself_when_it_resumes(int at)
    {
        var config = Config with
        {
            Evaluation = new EvaluationSettings { Every = 4, Queries = 1 },
            Checkpoints = new CheckpointSettings { Every = 100 },
        };
        RunFolder whole = Folder("whole"),
            cut = Folder("cut");
        await new Trainer(config, whole).RunAsync(resume: false);
        using var stop = new CancellationTokenSource();
        var trainer = new Trainer(
            config,
            cut,
            new Listener(progress =>
            {
                // The report of a step comes before the measurement that is due after it.
                if (progress.Step == at && progress.Remark is null)
                    stop.Cancel();
            })
        );
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => trainer.RunAsync(resume: false, stop.Token));
        Assert.Equal(at, RunFolder.ReadState(cut.LatestCheckpoint()!).Step);

        var remarks = new List<string>();
        var resumed = new Listener(progress => remarks.AddRange(progress.Remark is { } remark ? [remark] : []));
        var outcome = await new Trainer(config, cut, resumed).RunAsync(resume: true);
        Assert.StartsWith($"step {at}: development hit@1 ", remarks[0], StringComparison.Ordinal);
        Assert.Equal((10, 10), (outcome.State.Step, (int?)RunLog.Read(cut.Log).Last()["step"]));
        Assert.NotNull(outcome.Development);
        Assert.Equal(RunLog.Read(whole.Log).Select(Entry), RunLog.Read(cut.Log).Select(Entry));
        Assert.Equal(Embedding(whole), Embedding(cut), (a, b) => Math.Abs(a - b) < 1e-5);

        // What is measured is not measured again.
        remarks.Clear();
        await new Trainer(config, cut, resumed).RunAsync(resume: true);
        Assert.Empty(remarks);
        Assert.Equal(RunLog.Read(whole.Log).Select(Entry), RunLog.Read(cut.Log).Select(Entry));

        static string Entry(JsonObject entry) => $"{entry["step"]} {entry["phase"]} {entry["development"]?.ToJsonString()}";
    }

    [Fact]
    public async Task A_folder_with_a_run_is_not_taken_by_another()
    {
        var folder = Folder("taken");
        await new Trainer(Config, folder).RunAsync(resume: false);
        Assert.Contains(
            "--resume",
            (await Assert.ThrowsAsync<TrainingException>(() => new Trainer(Config, folder).RunAsync(resume: false))).Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "other settings",
            (
                await Assert.ThrowsAsync<TrainingException>(() => new Trainer(Config with { Seed = 2 }, folder).RunAsync(resume: true))
            ).Message,
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_folder_in_use_is_refused_before_anything_in_it_is_touched(bool resume)
    {
        var (folder, refused) = (Folder("busy"), "");
        var trainer = new Trainer(
            Config,
            folder,
            new Listener(progress =>
            {
                if (progress.Step != 5)
                    return;
                // What the run is writing at the moment, and what a second one would tidy away.
                var part = Directory.CreateDirectory(Path.Combine(folder.Root, "checkpoints", "step-00000006.0123.part")).FullName;
                var log = File.ReadAllText(folder.Log);
                var second = new Trainer(Config, folder).RunAsync(resume, TestContext.Current.CancellationToken);
                ((IAsyncResult)second).AsyncWaitHandle.WaitOne();
                refused = Assert.IsType<TrainingException>(second.Exception?.InnerException).Message;
                Assert.True(Directory.Exists(part));
                Assert.Equal(log, File.ReadAllText(folder.Log));
            })
        );
        Assert.Equal(10, (await trainer.RunAsync(resume: false)).State.Step);
        Assert.Equal($"{folder.Root} is in use by a run that has not ended: wait for it or stop it, or name another folder.", refused);
        // It is free again, also for another process that finds the file.
        Assert.Equal(10, (await new Trainer(Config, folder).RunAsync(resume: true)).State.Step);
    }

    [Fact]
    public async Task The_log_is_complete_to_the_last_step_during_a_run()
    {
        var (folder, seen) = (Folder("live"), new List<int>());
        await new Trainer(
            Config with
            {
                Checkpoints = new CheckpointSettings { Every = 100 },
            },
            folder,
            new Listener(_ => seen.Add(RunLog.Read(folder.Log).Count()))
        ).RunAsync(resume: false);
        Assert.Equal(Enumerable.Range(1, 10), seen);
    }

    [Fact]
    public async Task A_run_is_extended_by_more_steps_and_phases_and_nothing_else_of_what_was_done_may_change()
    {
        var folder = Folder("extended");
        await new Trainer(Config, folder).RunAsync(resume: false);
        PhaseSettings[] longer =
        [
            .. Config.Phases[..3],
            Config.Phases[3] with
            {
                Steps = 6,
            },
            new()
            {
                Name = "more",
                Steps = 1,
                LearningRate = 1e-4,
            },
        ];
        var outcome = await new Trainer(
            Config with
            {
                Phases = longer,
                Name = "renamed",
                Evaluation = new EvaluationSettings { Every = 5, Queries = 1 },
                Checkpoints = new CheckpointSettings { Every = 2, Keep = 1 },
            },
            folder
        ).RunAsync(resume: true);
        Assert.Equal(13, outcome.State.Step);
        var log = RunLog.Read(folder.Log).Where(entry => entry["loss"] is not null).ToArray();
        Assert.Equal(Enumerable.Range(1, 13), log.Select(entry => (int)entry["step"]!));
        Assert.Equal("more", (string?)log[^1]["phase"]);
        Assert.NotNull(outcome.Development);

        Assert.Equal(
            $"{folder.Root} was begun with other settings: data.queries is '9', and was '8', and objective.temperature differ as well. "
                + "--resume may change name, threads, model.device, data.images, data.on_error, evaluation, checkpoints, phases that "
                + "have not begun, and the steps of the last that has, to more; for anything else name another folder.",
            await Refusal(config =>
                config with
                {
                    Data = config.Data with { Queries = 9 },
                    Objective = config.Objective with { Temperature = 0.1 },
                }
            )
        );
        Assert.Contains(
            "phases.0.steps is '3', and was '2'",
            await Refusal(config => config with { Phases = [longer[0] with { Steps = 3 }, .. longer[1..]] }),
            StringComparison.Ordinal
        );
        Assert.Contains(
            "phases.3.steps is '4', and was '6'",
            await Refusal(config => config with { Phases = [.. longer[..3], Config.Phases[3], longer[4]] }),
            StringComparison.Ordinal
        );
        Assert.Contains(
            "phases.4.name is not set, and was 'more'",
            await Refusal(config => config with { Phases = longer[..4] }),
            StringComparison.Ordinal
        );

        async Task<string> Refusal(Func<TrainingConfig, TrainingConfig> change) =>
            (
                await Assert.ThrowsAsync<TrainingException>(() =>
                    new Trainer(change(Config with { Phases = longer }), folder).RunAsync(resume: true)
                )
            ).Message;
    }

    [Theory]
    [InlineData("model/model.safetensors", true)]
    [InlineData("model/model.safetensors", false)]
    [InlineData("optimizer.safetensors", true)]
    [InlineData("state.json", true)]
    public async Task A_damaged_checkpoint_is_named_and_the_one_before_is_offered(string file, bool isOverwritten)
    {
        var folder = Folder("damaged");
        await new Trainer(Config, folder).RunAsync(resume: false);
        var (last, before) = (folder.LatestCheckpoint()!, Path.Combine(folder.Root, "checkpoints", "step-00000009"));
        var path = Path.Combine(last, file);
        if (isOverwritten)
        {
            using var damaged = File.OpenWrite(path);
            damaged.Position = damaged.Length / 2;
            damaged.Write([.. Enumerable.Repeat((byte)0xFF, 64)]);
        }
        else
        {
            File.Delete(path);
        }
        var message = (await Assert.ThrowsAsync<TrainingException>(() => new Trainer(Config, folder).RunAsync(resume: true))).Message;
        Assert.StartsWith(path, message, StringComparison.Ordinal);
        Assert.EndsWith($"Delete the folder {last} and resume again, to continue from {before}.", message, StringComparison.Ordinal);
        Directory.Delete(last, recursive: true);
        Assert.Equal(10, (await new Trainer(Config, folder).RunAsync(resume: true)).State.Step);
    }

    [Fact]
    public async Task A_loss_that_is_no_number_stops_the_run_with_a_report_of_the_batch()
    {
        var folder = Folder("diverging");
        var config = Config with
        {
            Optimizer = new OptimizerSettings { ClipNorm = 0 },
            Phases =
            [
                new()
                {
                    Steps = 5,
                    LearningRate = 1e30,
                    Schedule = LearningRateShape.Constant,
                    EmbeddingWeight = 0,
                },
            ],
        };
        var error = await Assert.ThrowsAsync<TrainingException>(() => new Trainer(config, folder).RunAsync(resume: false));
        Assert.Contains("Expected finite numbers", error.Message, StringComparison.Ordinal);
        var report = JsonNode.Parse(File.ReadAllText(Path.Combine(folder.Root, "not-finite.json")))!;
        Assert.Equal(8, report["samples"]!.AsArray().Count);
    }

    [Theory]
    [InlineData(AdapterKind.Lora, "float32")]
    [InlineData(AdapterKind.Dora, "bfloat16")]
    public async Task An_adapter_is_trained_beside_frozen_weights_and_resumes_after_a_stop(AdapterKind kind, string dtype)
    {
        var start = Folder("start");
        await new Trainer(
            Config with
            {
                Phases =
                [
                    new()
                    {
                        Steps = 1,
                        LearningRate = 1e-4,
                        EmbeddingWeight = 0,
                    },
                ],
            },
            start
        ).RunAsync(resume: false);
        var config = Config with
        {
            Model = new ModelSettings
            {
                Checkpoint = start.Model,
                Dtype = dtype,
                Adapter = new AdapterSettings
                {
                    Kind = kind,
                    Rank = 4,
                    Modules = ["q_proj", "down_proj"],
                },
            },
            Phases = [new() { Steps = 6, LearningRate = 1e-3 }],
        };
        RunFolder whole = Folder("whole"),
            cut = Folder("cut");
        await new Trainer(config, whole).RunAsync(resume: false);
        await Assert.ThrowsAsync<InvalidOperationException>(() =>
            new Trainer(
                config,
                cut,
                new Listener(progress =>
                {
                    if (progress.Step == 5)
                        throw new InvalidOperationException("cut");
                })
            ).RunAsync(resume: false)
        );
        await new Trainer(config, cut).RunAsync(resume: true);
        // In bfloat16 sums that are taken in another order round to another of 256 steps.
        var tolerance = dtype == "bfloat16" ? 5e-4 : 1e-5;
        Assert.Equal(Losses(whole), Losses(cut), (a, b) => Math.Abs(a - b) <= tolerance * Math.Abs(a));

        Assert.Equal(
            ["README.md", "adapter_config.json", "adapter_model.safetensors", "generation_config.json"],
            Directory.GetFiles(whole.Model).Select(path => Path.GetFileName(path)!).Order(StringComparer.Ordinal)
        );
        using var embedder = ReasoningEmbedder.Load(
            start.Model,
            new ReasoningEmbedderOptions { Model = new QwenVlModelOptions { Adapter = whole.Model } }
        );
        Assert.NotNull(embedder);
    }

    [Fact]
    public async Task Bfloat16_weights_learn_through_master_copies()
    {
        var config = Config with
        {
            Model = Config.Model with { Dtype = "bfloat16" },
            Phases =
            [
                new()
                {
                    Task = "cells",
                    Steps = 20,
                    LearningRate = 1e-3,
                },
            ],
        };
        var folder = Folder("rounded");
        await new Trainer(config, folder).RunAsync(resume: false);
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

    private sealed class Listener(Action<TrainingProgress> report) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => report(value);
    }
}
