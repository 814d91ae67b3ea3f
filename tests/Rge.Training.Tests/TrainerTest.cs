using Rge.Training.RunFiles;
using Rge.Training.Runs;
using Rge.Training.Settings;

namespace Rge.Training.Tests;

/// <summary>A test of whole runs of a few steps on ShapeWorld.</summary>
public abstract class TrainerTest : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("rge-train-").FullName;

    protected static TrainingConfig Config { get; } =
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

    public void Dispose()
    {
        Directory.Delete(_root, recursive: true);
        GC.SuppressFinalize(this);
    }

    protected RunFolder Folder(string name) => new(Path.Combine(_root, name));

    protected static double[] Losses(RunFolder folder) => [.. RunLog.Read(folder.Log).Select(entry => entry["loss"]!.GetValue<double>())];

    protected static float[] Embedding(RunFolder folder)
    {
        using var embedder = ReasoningEmbedder.Load(folder.Model);
        return embedder.EmbedAsync(EmbeddingInput.Target("red star class")).GetAwaiter().GetResult().Vector.ToArray();
    }

    private protected sealed class Listener(Action<TrainingProgress> report) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => report(value);
    }
}
