namespace Rge.Training.Settings;

/// <summary>A low-rank adapter to train instead of the weights themselves.</summary>
public sealed record AdapterSettings
{
    /// <summary>LoRA or DoRA.</summary>
    public AdapterKind Kind { get; init; } = AdapterKind.Lora;

    /// <summary>r, at least 1.</summary>
    public int Rank { get; init; } = 16;

    /// <summary>The change is scaled by alpha / r, or alpha / √r when rank-stabilized; above 0.</summary>
    public double Alpha { get; init; } = 32;

    /// <summary>Whether the scale is alpha / √r.</summary>
    public bool RankStabilized { get; init; }

    /// <summary>Last parts of the names of the decoder's linear layers that get one.</summary>
    public string[] Modules { get; init; } = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"];

    internal void Validate(string where)
    {
        SettingCheck.That(Rank >= 1, $"{where}.rank", Rank, "at least 1");
        SettingCheck.That(Alpha > 0, $"{where}.alpha", Alpha, "above 0");
        SettingCheck.That(Modules.Length > 0, $"{where}.modules", "[]", "at least one name");
    }
}
