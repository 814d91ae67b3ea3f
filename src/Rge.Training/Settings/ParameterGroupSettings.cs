namespace Rge.Training.Settings;

/// <summary>Parameters with other settings than the rest.</summary>
public sealed record ParameterGroupSettings
{
    /// <summary>The group has the parameters whose name contains this; the first group that matches counts.</summary>
    public string Match { get; init; } = "";

    /// <summary>Their learning rate, relative to that of the phase; 0 freezes them.</summary>
    public double LearningRateScale { get; init; } = 1;

    /// <summary>Their weight decay; that of the optimizer unless given.</summary>
    public double? WeightDecay { get; init; }

    internal void Validate(string where)
    {
        SettingCheck.That(Match.Length > 0, $"{where}.match", "''", "part of a parameter's name");
        SettingCheck.That(LearningRateScale >= 0, $"{where}.learning_rate_scale", LearningRateScale, "0 or more");
        SettingCheck.That(WeightDecay is null or >= 0, $"{where}.weight_decay", WeightDecay, "0 or more");
    }
}
