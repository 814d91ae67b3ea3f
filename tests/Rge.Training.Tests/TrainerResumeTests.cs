using System.Text.Json.Nodes;
using Rge.Training.RunFiles;
using Rge.Training.Runs;
using Rge.Training.Settings;

namespace Rge.Training.Tests;

/// <summary>Runs that were stopped, cancelled or damaged, or are to go on for longer.</summary>
public sealed class TrainerResumeTests : TrainerTest
{
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
}
