using Rge.Tests.Shared;
using Rge.Training.RunFiles;
using Rge.Training.Runs;
using Rge.Training.Settings;
using Rge.Training.Tasks;

namespace Rge.Training.Tests;

/// <summary>The example of docs/adding-an-objective.md: a task from outside the library, whole runs of which train and resume.</summary>
public sealed class RationaleRewardTaskTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("rge-reward-").FullName;

    private static TrainingTasks Tasks { get; } =
        TrainingTasks.BuiltIn.With(
            new TrainingTaskDefinition(RationaleRewardTask.Name, context => new RationaleRewardTask(context)) { TrainsEmbeddings = true }
        );

    private static TrainingConfig Config { get; } =
        new()
        {
            Name = "reward",
            Threads = 1,
            Model = new ModelSettings { Shape = "shapeworld" },
            Data = new DataSettings { Queries = 4 },
            Objective = new ObjectiveSettings { MaxRationaleTokens = 6, EmbeddingWeight = 0 },
            Phases =
            [
                new()
                {
                    Name = "write",
                    Steps = 2,
                    LearningRate = 1e-3,
                },
                new()
                {
                    Name = "reward",
                    Task = RationaleRewardTask.Name,
                    Steps = 4,
                    LearningRate = 1e-3,
                },
            ],
            Evaluation = new EvaluationSettings { Every = 0 },
            Checkpoints = new CheckpointSettings { Every = 2 },
        };

    [Fact]
    public async Task A_registered_task_is_trained_and_resumes()
    {
        RunFolder whole = new(Path.Combine(_root, "whole")),
            cut = new(Path.Combine(_root, "cut"));
        var outcome = await new Trainer(Config, whole, tasks: Tasks).RunAsync(resume: false);
        Assert.InRange(outcome.State.GeneratedTokens, 4 * 4 * 4, 4 * 4 * 4 * 6);
        var log = RunLog.Read(whole.Log).Where(entry => (string?)entry["phase"] == "reward").ToArray();
        Assert.Equal(4, log.Length);
        Assert.All(log, entry => Assert.InRange(entry["reward"]!.GetValue<double>(), 0, 1.1));

        var stopped = new Trainer(Config, cut, new StopAt(5), Tasks);
        await Assert.ThrowsAsync<InvalidOperationException>(() => stopped.RunAsync(resume: false));
        await new Trainer(Config, cut, tasks: Tasks).RunAsync(resume: true);
        Assert.Equal(Losses(whole), Losses(cut), (a, b) => Math.Abs(a - b) <= 1e-5 * Math.Max(1, Math.Abs(a)));
        // A measure that the page has no chart for gets one.
        Assert.Contains("<figcaption>reward</figcaption>", File.ReadAllText(whole.Report), StringComparison.Ordinal);
    }

    [Fact]
    public void A_task_that_is_not_registered_is_refused_with_those_that_are()
    {
        var error = Assert.Throws<TrainingException>(() => new Trainer(Config, new RunFolder(Path.Combine(_root, "none"))));
        Assert.Equal(
            "phases.1.task is 'rationale_reward', which is not known; expected one of pairs, cells, language, likeness, reinforce.",
            error.Message
        );
        Assert.Throws<ArgumentException>(() =>
            Tasks.With(new TrainingTaskDefinition("Pairs", context => new RationaleRewardTask(context)))
        );
    }

    [Fact]
    public void The_page_shows_the_class_as_it_compiles()
    {
        var page = File.ReadAllText(Path.Combine(Golden.RepositoryRoot, "docs", "adding-an-objective.md"));
        var source = File.ReadAllText(Path.Combine(Golden.RepositoryRoot, "tests", "Rge.Training.Tests", "RationaleRewardTask.cs"));
        Assert.Contains($"```csharp\n{source}```", page, StringComparison.Ordinal);
    }

    public void Dispose() => Directory.Delete(_root, recursive: true);

    private static double[] Losses(RunFolder folder) => [.. RunLog.Read(folder.Log).Select(entry => entry["loss"]!.GetValue<double>())];

    private sealed class StopAt(int step) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value)
        {
            if (value.Step == step)
                throw new InvalidOperationException("cut");
        }
    }
}
