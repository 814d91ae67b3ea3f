namespace Rge.Training.Settings;

/// <summary>A kind of low-rank adapter.</summary>
public enum AdapterKind
{
    /// <summary>LoRA (Hu et al., 2021).</summary>
    Lora,

    /// <summary>DoRA: LoRA with the length of each weight row learned apart (Liu et al., 2024).</summary>
    Dora,
}
