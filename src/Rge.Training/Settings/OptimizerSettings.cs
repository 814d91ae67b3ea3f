namespace Rge.Training.Settings;

/// <summary>AdamW (Loshchilov and Hutter, 2019) and gradient clipping.</summary>
public sealed record OptimizerSettings
{
    /// <summary>Decay of the mean of gradients, 0 to 1.</summary>
    public double Beta1 { get; init; } = 0.9;

    /// <summary>Decay of the mean of squared gradients, 0 to 1.</summary>
    public double Beta2 { get; init; } = 0.98;

    /// <summary>Added to the root of the mean square; above 0.</summary>
    public double Epsilon { get; init; } = 1e-8;

    /// <summary>Decoupled weight decay of matrices; vectors (norms and biases) have none.</summary>
    public double WeightDecay { get; init; } = 0.01;

    /// <summary>Gradients with a longer norm over all parameters are scaled down to it; 0 switches it off.</summary>
    public double ClipNorm { get; init; } = 1;

    /// <summary>Parameters with other settings.</summary>
    public ParameterGroupSettings[] Groups { get; init; } = [];

    internal void Validate()
    {
        SettingCheck.That(Beta1 is >= 0 and < 1, "optimizer.beta1", Beta1, "0 to below 1");
        SettingCheck.That(Beta2 is >= 0 and < 1, "optimizer.beta2", Beta2, "0 to below 1");
        SettingCheck.That(Epsilon > 0, "optimizer.epsilon", Epsilon, "above 0");
        SettingCheck.That(WeightDecay >= 0, "optimizer.weight_decay", WeightDecay, "0 or more");
        SettingCheck.That(ClipNorm >= 0, "optimizer.clip_norm", ClipNorm, "0 or more");
        for (var i = 0; i < Groups.Length; i++)
            Groups[i].Validate($"optimizer.groups.{i}");
    }
}
