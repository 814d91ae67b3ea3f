namespace Rge.Presets;

/// <summary>What becomes of a prompt with too many tokens. An image is never cut: such a prompt is refused.</summary>
public enum LongPrompt
{
    /// <summary>It is refused.</summary>
    Refuse,

    /// <summary>Its end is cut, whatever is there.</summary>
    CutEnd,

    /// <summary>Special tokens stay, and the last of the others are cut.</summary>
    CutOrdinary,
}
