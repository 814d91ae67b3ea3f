namespace Rge.Training.Settings;

/// <summary>
/// The task <c>reinforce</c>: rationales taught by what they do to the embedding, with group-relative policy optimization (GRPO; Shao et
/// al., 2024). Several rationales a query are sampled, and those that bring its embedding nearer to its own target than the others of their
/// group become likelier.
/// </summary>
public sealed record ReinforceSettings
{
    /// <summary>Rationales sampled for each query, its group; at least 2.</summary>
    public int Rationales { get; init; } = 8;

    /// <summary>Divides the logits before sampling; 0.01 to 10. 1 samples what the model believes.</summary>
    public double Temperature { get; init; } = 1;

    /// <summary>What of the embedding is rewarded.</summary>
    public RewardKind Reward { get; init; } = RewardKind.Product;

    /// <summary>
    /// Cosines of negatives are divided by this before the softmax that weights them in the margin; above 0. The nearest negatives count
    /// the more the smaller it is.
    /// </summary>
    public double NegativeTemperature { get; init; } = 0.5;

    /// <summary>Added to the reward where the model ends the rationale within its budget; 0 or more.</summary>
    public double FormatWeight { get; init; } = 0.05;

    /// <summary>Added to the reward where the rationale concludes as the oracle's does; 0 or more.</summary>
    public double ConclusionWeight { get; init; }

    /// <summary>Whether advantages are divided by the standard deviation of their group.</summary>
    public bool NormalizeStd { get; init; } = true;

    /// <summary>How far below 1 the ratio of probabilities counts; above 0, below 1.</summary>
    public double Clip { get; init; } = 0.2;

    /// <summary>How far above 1 the ratio of probabilities counts; above 0. DAPO (Yu et al., 2025) has it larger than <see cref="Clip"/>.
    /// </summary>
    public double ClipHigh { get; init; } = 0.28;

    /// <summary>Weight of the divergence from the model that the run started from; 0 does without, and without that model.</summary>
    public double Kl { get; init; } = 0.02;

    /// <summary>Which of the sampled rationales InfoNCE embeds queries after.</summary>
    public RationaleContrast Contrast { get; init; } = RationaleContrast.First;

    internal void Validate()
    {
        const string Where = "objective.reinforce";
        SettingCheck.That(Rationales is >= 2 and <= 1024, $"{Where}.rationales", Rationales, "2 to 1024");
        SettingCheck.That(Temperature is >= 0.01 and <= 10, $"{Where}.temperature", Temperature, "0.01 to 10");
        SettingCheck.That(NegativeTemperature is >= 0.001 and <= 100, $"{Where}.negative_temperature", NegativeTemperature, "0.001 to 100");
        SettingCheck.That(FormatWeight is >= 0 and <= 100, $"{Where}.format_weight", FormatWeight, "0 to 100");
        SettingCheck.That(ConclusionWeight is >= 0 and <= 100, $"{Where}.conclusion_weight", ConclusionWeight, "0 to 100");
        SettingCheck.That(Clip is > 0 and < 1, $"{Where}.clip", Clip, "above 0, below 1");
        SettingCheck.That(ClipHigh is > 0 and <= 100, $"{Where}.clip_high", ClipHigh, "above 0, at most 100");
        SettingCheck.That(Kl is >= 0 and <= 100, $"{Where}.kl", Kl, "0 to 100");
    }
}
