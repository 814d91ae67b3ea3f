namespace Rge.Training.Settings;

/// <summary>How rationales are sampled that InfoNCE is taken after (<see cref="RationaleSource.Sampled"/>).</summary>
public sealed record SamplingSettings
{
    /// <summary>Rationales of a query; 1 to 64.</summary>
    public int Rationales { get; init; } = 4;

    /// <summary>Divides the logits before sampling; above 0, at most 10.</summary>
    public double Temperature { get; init; } = 1;

    internal void Validate()
    {
        SettingCheck.That(Rationales is >= 1 and <= 64, "objective.sampling.rationales", Rationales, "1 to 64");
        SettingCheck.That(Temperature is > 0 and <= 10, "objective.sampling.temperature", Temperature, "above 0, at most 10");
    }
}
