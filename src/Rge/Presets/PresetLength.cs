namespace Rge.Presets;

/// <summary>How long a prompt may be, and what becomes of one that is longer. Immutable.</summary>
public sealed record PresetLength
{
    /// <summary>Most tokens of a prompt; <see langword="null"/> for the checkpoint's positions.</summary>
    public int? MaxTokens { get; init; }

    /// <summary>What becomes of a longer one.</summary>
    public LongPrompt WhenLonger { get; init; }

    /// <summary>
    /// Tokens at the end that <see cref="LongPrompt.CutOrdinary"/> keeps, whatever they are, beyond <see cref="MaxTokens"/>.
    /// </summary>
    public int KeptEnd { get; init; }
}
