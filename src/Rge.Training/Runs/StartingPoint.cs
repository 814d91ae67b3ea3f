using Rge.Models;
using Rge.Training.Settings;

namespace Rge.Training.Runs;

/// <summary>The checkpoint folder that a run begins with.</summary>
internal static class StartingPoint
{
    /// <summary>Checks that there is something to begin with, before anything is read or written.</summary>
    /// <exception cref="TrainingException">There is no such folder or shape.</exception>
    public static void Require(ModelSettings model)
    {
        if (model.Checkpoint is not { } checkpoint)
        {
            if (model.Shape != ShapeWorldCheckpoint.Name) throw new TrainingException($"model.shape is {model.Shape}, expected {ShapeWorldCheckpoint.Name}.");
        }
        else if (!Directory.Exists(checkpoint)) throw new TrainingException($"model.checkpoint is {checkpoint}, which does not exist; expected a checkpoint folder.");
        else if (!File.Exists(Path.Combine(checkpoint, QwenVlConfig.FileName)))
            throw new TrainingException($"model.checkpoint is {checkpoint}, which has no {QwenVlConfig.FileName}; expected a checkpoint folder.");
    }

    /// <summary>The folder that the settings name, or a new model of the shape they name, written into the run's folder once.</summary>
    /// <exception cref="TrainingException">There is no such folder or shape.</exception>
    public static string Of(TrainingConfig config, RunFolder run)
    {
        Require(config.Model);
        if (config.Model.Checkpoint is { } checkpoint) return checkpoint;
        var folder = Path.Combine(run.Root, "start");
        if (!File.Exists(Path.Combine(folder, QwenVlConfig.FileName))) RunFolder.Publish(folder, part => ShapeWorldCheckpoint.Write(part, config.Seed));
        return folder;
    }
}
