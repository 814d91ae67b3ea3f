namespace Rge.Presets;

/// <summary>A piece of a <see cref="PromptPattern"/>: a text or a slot.</summary>
public readonly record struct PatternPiece
{
    /// <summary>A text.</summary>
    public PatternPiece(string text) => Text = text;

    /// <summary>A slot.</summary>
    public PatternPiece(PromptSlot slot) => Slot = slot;

    /// <summary>The text; <see langword="null"/> for a slot.</summary>
    public string? Text { get; }

    /// <summary>The slot; <see langword="null"/> for a text.</summary>
    public PromptSlot? Slot { get; }
}
