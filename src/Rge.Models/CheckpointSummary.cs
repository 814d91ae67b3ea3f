using Rge.Models.Checkpoints;

namespace Rge.Models;

/// <summary>What a checkpoint, and an adapter on it, amount to.</summary>
/// <param name="Config">The configuration; an adapter may bring a larger vocabulary or part the output projection from the token
/// embedding.</param>
/// <param name="HasOutputProjection">Whether the model can write, as <see cref="QwenVlModel.HasOutputProjection"/> says.</param>
public sealed record CheckpointSummary(QwenVlConfig Config, bool HasOutputProjection)
{
    /// <summary>
    /// Checks that a folder holds a whole checkpoint which an adapter fits, as loading does, but reads none of its weights.
    /// </summary>
    /// <param name="folder">The checkpoint's folder.</param>
    /// <param name="adapter">Folder of the adapter; <see langword="null"/> for none.</param>
    /// <exception cref="CheckpointException">The folder or the adapter cannot be used.</exception>
    public static CheckpointSummary Read(string folder, string? adapter = null)
    {
        var config = QwenVlConfig.Load(folder);
        using var checkpoint = Checkpoint.Open(folder);
        using var weights = adapter is null ? null : PeftAdapter.Load(adapter);
        var plan = new WeightPlan(config, checkpoint, weights);
        return new CheckpointSummary(
            plan.Config,
            plan.Config.Text.TieWordEmbeddings || plan.Layout.ContainsKey(ParameterLayout.OutputProjection)
        );
    }
}
