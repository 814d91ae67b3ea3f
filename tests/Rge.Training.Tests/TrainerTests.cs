using System.Text.Json.Nodes;
using Rge.Models;
using Rge.Training.RunFiles;
using Rge.Training.Runs;
using Rge.Training.Settings;

namespace Rge.Training.Tests;

/// <summary>Whole runs of a few steps on ShapeWorld.</summary>
public sealed class TrainerTests : TrainerTest
{
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
}
