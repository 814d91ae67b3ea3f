using Rge.Models;
using Rge.Training.RunFiles;
using Rge.Training.Settings;

namespace Rge.Training.Runs;

/// <summary>The checkpoint folder that a run starts with.</summary>
internal static class StartingPoint
{
    /// <summary>Checks that there is something to start with, before anything is read or written.</summary>
    /// <exception cref="TrainingException">There is no such folder or shape.</exception>
    public static void Require(ModelSettings model)
    {
        if (model.Checkpoint is not { } checkpoint)
        {
            if (model.Shape != ShapeWorldCheckpoint.Name)
                throw new TrainingException($"model.shape is {model.Shape}, expected {ShapeWorldCheckpoint.Name}.");
        }
        else if (!Directory.Exists(checkpoint))
            throw new TrainingException($"model.checkpoint is {checkpoint}, which does not exist; expected a checkpoint folder.");
        else if (!File.Exists(Path.Combine(checkpoint, QwenVlConfig.FileName)))
            throw new TrainingException(
                $"model.checkpoint is {checkpoint}, which has no {QwenVlConfig.FileName}; expected a checkpoint folder."
            );
    }

    /// <summary>
    /// The folder in the settings; or, written once into the run's folder, a new model of the given shape or a copy with the
    /// token that it lacked.
    /// </summary>
    /// <exception cref="TrainingException">There is no such folder or shape, or the checkpoint lacks the token.</exception>
    public static string Resolve(TrainingConfig config, RunFolder run)
    {
        Require(config.Model);
        var folder = Path.Combine(run.Root, "start");
        if (config.Model.Checkpoint is not { } checkpoint)
            return Once(part => ShapeWorldCheckpoint.Write(part, config.Seed));
        if (EmbTokenCheckpoint.Has(checkpoint))
            return checkpoint;
        if (config.Model.AddEmbToken)
            return Once(part => EmbTokenCheckpoint.Write(checkpoint, part));
        throw new TrainingException(
            $"The tokenizer of {checkpoint} has no {ReasoningEmbedder.EmbToken} token, which embeddings are taken at: set "
                + "model.add_emb_token: true to start with a copy that has one, or take a checkpoint that has."
        );

        string Once(Action<string> write)
        {
            if (!File.Exists(Path.Combine(folder, QwenVlConfig.FileName)))
                RunFolder.Publish(folder, write);
            return folder;
        }
    }
}
