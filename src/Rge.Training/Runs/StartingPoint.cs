using Rge.Models;
using Rge.Training.Settings;

namespace Rge.Training.Runs;

/// <summary>The checkpoint folder that a run begins with.</summary>
internal static class StartingPoint
{
    /// <summary>The folder that the settings name, or a new model of the shape they name, written into the run's folder once.</summary>
    /// <exception cref="TrainingException">There is no such folder or shape.</exception>
    public static string Of(TrainingConfig config, RunFolder run)
    {
        if (config.Model.Checkpoint is { } checkpoint)
            return Directory.Exists(checkpoint) ? checkpoint : throw new TrainingException($"model.checkpoint is {checkpoint}, which does not exist; expected a checkpoint folder.");
        var folder = Path.Combine(run.Root, "start");
        if (config.Model.Shape != ShapeWorldCheckpoint.Name) throw new TrainingException($"model.shape is {config.Model.Shape}, expected {ShapeWorldCheckpoint.Name}.");
        if (!File.Exists(Path.Combine(folder, QwenVlConfig.FileName))) RunFolder.Publish(folder, part => ShapeWorldCheckpoint.Write(part, config.Seed));
        return folder;
    }
}
