namespace Rge.Training.Settings;

/// <summary>When a run writes checkpoints.</summary>
public sealed record CheckpointSettings
{
    /// <summary>Steps between two checkpoints; one more is written at the end. At least 1.</summary>
    public int Every { get; init; } = 250;

    /// <summary>Checkpoints that are kept; older ones are deleted. At least 1.</summary>
    public int Keep { get; init; } = 2;

    internal void Validate()
    {
        SettingCheck.That(Every >= 1, "checkpoints.every", Every, "at least 1");
        SettingCheck.That(Keep >= 1, "checkpoints.keep", Keep, "at least 1");
    }
}
