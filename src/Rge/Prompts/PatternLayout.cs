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
        return Render(_ => input, input.Instruction);
    }

    /// <summary>The prompt of a reranker's pair: images of the query and of the document in the order of the pattern.</summary>
    public PromptText Render(EmbeddingInput query, EmbeddingInput document, string? instruction) =>
        Render(slot => slot == PromptSlot.Document ? document : query, instruction);

    private PromptText Render(Func<PromptSlot, EmbeddingInput> itemOf, string? instruction) =>
        PromptText.Create(
            preset.Prompt.Pattern.Pieces.SelectMany(piece =>
                piece.Text is { } text
                    ? [new PromptSegment(text, IsTrusted: true)]
                    : Segments(piece.Slot!.Value, itemOf(piece.Slot.Value), instruction)
            )
        );

    private IEnumerable<PromptSegment> Segments(PromptSlot slot, EmbeddingInput input, string? instruction) =>
        slot == PromptSlot.Instruction
            ? [new PromptSegment(preset.Instruction.Resolve(instruction), input.AllowSpecialTokens)]
            : _items
                .Of(slot, input)
                .Select(part =>
                    part is TextPart text
                        ? new PromptSegment(text.Text, input.AllowSpecialTokens)
                        : new PromptSegment(preset.Prompt.Image, IsTrusted: true)
                );
}
