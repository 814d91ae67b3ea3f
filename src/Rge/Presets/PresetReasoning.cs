namespace Rge.Presets;

/// <summary>Which items write a rationale, and how it ends. Immutable.</summary>
public sealed record PresetReasoning
{
    /// <summary>Which items write one.</summary>
    public ReasoningItems Items { get; init; }

    /// <summary>
    /// Whether writing goes on after the pooled token until the model ends its turn: the last such token counts then, and where there is
    /// none the state that the last token was chosen from.
    /// </summary>
    public bool EndsWithTurn { get; init; }

    /// <summary>Longest rationale in tokens; <see langword="null"/> for what the checkpoint says.</summary>
    public int? MaxTokens { get; init; }
}
