using Rge.Models;
using Rge.Tests.Shared;
using Rge.Training.Batches;
using Rge.Training.Objective;
using Rge.Training.RunFiles;
using Rge.Training.Runs;
using Rge.Training.Settings;
using Rge.Training.Tasks;
using TorchSharp;

namespace Rge.Training.Tests;

/// <summary>No native tensor outlives what fails half-way.</summary>
public sealed class FailureTests : IDisposable
{
    private readonly ScratchFolder _scratch = new();

    [Fact]
    public void A_pass_that_fails_after_the_vision_tower_leaves_no_tensor()
    {
        using var model = TinyModel.Create(ModelFamily.Qwen3Vl);
        var image = TinyModel.Image(model.Config, 4, 4);
        var tokens = TinyModel.Tokens(model.Config, 6, seed: 1, image.Grid);
        TrainedSequence sequence = new(tokens, [image]) { EmbeddingRow = 0 },
            // It has no place for the image.
            wrong = new([1, 2, 3], [image]) { EmbeddingRow = 1 };
        using (new SequencePass(model, [sequence], activationCheckpointing: false)) { }
        LeavesNothing(() => Assert.ThrowsAny<Exception>(() => new SequencePass(model, [sequence, wrong], activationCheckpointing: false)));
    }

    [Fact]
    public void A_classification_that_fails_after_the_vision_tower_leaves_no_tensor()
    {
        using var model = TinyModel.Create(ModelFamily.Qwen3Vl);
        using var objective = new CellObjective(model, [3, 3, 4], seed: 1);
        var image = TinyModel.Image(model.Config, 4, 4);
        long[] labels = [0, 1, 2, 0];
        objective.Weight.requires_grad_(true);
        objective.Backward(new CellBatch([image], labels, labels, labels));
        LeavesNothing(() => Assert.ThrowsAny<Exception>(() => objective.Backward(new CellBatch([image], labels, labels, [0]))));
    }

    [Fact]
    public async Task A_session_that_fails_to_resume_leaves_no_tensor()
    {
        var config = new TrainingConfig
        {
            Threads = 1,
            Model = new ModelSettings { Shape = "shapeworld" },
            Data = new DataSettings { Queries = 2 },
            Phases = [new() { Task = "cells", Steps = 1 }],
            Evaluation = new EvaluationSettings { Every = 0 },
        };
        var folder = new RunFolder(_scratch["run"]);
        await new Trainer(config, folder).RunAsync(resume: false);
        var data = await TrainingData.ReadAsync(config, measures: false, null, CancellationToken.None);
        var checkpoint = folder.LatestCheckpoint()!;
        // What the process keeps once a session has been.
        var kept = Kept(() => Begin().Dispose());
        File.Delete(Path.Combine(checkpoint, "optimizer.safetensors"));
        Assert.InRange(Kept(() => Assert.ThrowsAny<Exception>(Begin)), 0, kept);

        TrainingSession Begin() => new(config, folder, checkpoint, data, TrainingTasks.BuiltIn);
    }

    public void Dispose() => _scratch.Dispose();

    private static void LeavesNothing(Action action) => Assert.Equal(0, Kept(action));

    private static long Kept(Action action)
    {
        var statistics = DisposeScopeManager.Statistics.TensorStatistics;
        var before = statistics.ThreadTotalLiveCount;
        action();
        return statistics.ThreadTotalLiveCount - before;
    }
}
