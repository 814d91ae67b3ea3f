namespace Rge.Models.Checkpoints;

/// <summary>The two ways in which checkpoints of the family name their tensors.</summary>
public enum WeightNaming
{
    /// <summary>
    /// <c>model.language_model.*</c> and <c>model.visual.*</c>: Qwen3-VL, and what current libraries save. The canonical names.
    /// </summary>
    New,

    /// <summary><c>model.*</c> and <c>visual.*</c>: the released Qwen2-VL and Qwen2.5-VL checkpoints.</summary>
    Old,
}
