using Rge.Presets;
using Rge.Text;

namespace Rge.Prompts;

/// <summary>
/// A prompt that the preset spells out. Special tokens count in the preset's own text, and in that of an item only where it says so.
/// </summary>
internal sealed class PatternLayout(ModelPreset preset) : IPromptLayout
{
    private readonly ItemContent _items = new(preset);

    /// <inheritdoc/>
    public IReadOnlyList<ContentPart> Content(EmbeddingInput input) => _items.All(input);

    /// <inheritdoc/>
    public PromptText Render(EmbeddingInput input)
    {
        _items.Require(input);
        return PromptText.Create(preset.Prompt.Pattern.Pieces.SelectMany(piece => Segments(piece, input)));
    }

    private IEnumerable<PromptSegment> Segments(PatternPiece piece, EmbeddingInput input) =>
        piece.Text is { } text ? [new PromptSegment(text, IsTrusted: true)]
        : piece.Slot == PromptSlot.Instruction ? [new PromptSegment(_items.Instruction(input), input.AllowSpecialTokens)]
        : Segments(_items.Of(piece.Slot!.Value, input), input.AllowSpecialTokens);

    private IEnumerable<PromptSegment> Segments(IReadOnlyList<ContentPart> parts, bool allowSpecialTokens) =>
        parts.Select(part =>
            part is TextPart text
                ? new PromptSegment(text.Text, allowSpecialTokens)
                : new PromptSegment(preset.Prompt.Image, IsTrusted: true)
        );
}
