using Rge.Presets;

namespace Rge.Prompts;

/// <summary>What the slots of a preset's pattern hold for an item. Immutable and thread-safe.</summary>
internal sealed class ItemContent(ModelPreset preset)
{
    private readonly bool _namesInstruction = preset.Prompt.Pattern.Has(PromptSlot.Instruction);

    /// <summary>The parts of all slots in the order of the pattern, neighbouring texts joined.</summary>
    /// <exception cref="EmbeddingException">As <see cref="Require"/>; or the item is empty.</exception>
    public IReadOnlyList<ContentPart> All(EmbeddingInput input)
    {
        Require(input);
        return ContentPart.Merge(preset.Prompt.Pattern.Pieces.SelectMany(piece => piece.Slot is { } slot ? Of(slot, input) : []));
    }

    /// <summary>Refuses what the preset has no place for.</summary>
    /// <exception cref="EmbeddingException">The item has too many images, or an instruction that it may not have.</exception>
    public void Require(EmbeddingInput input)
    {
        ArgumentNullException.ThrowIfNull(input);
        if (input.Images.Count > preset.MaxImages)
            throw new EmbeddingException(
                $"The item has {input.Images.Count} images, expected at most {preset.MaxImages} with the preset {preset.Name}."
            );
        var mayInstruct = preset.Instruction.Items == InstructedItems.All || input.Role == ItemRole.Query;
        if (!mayInstruct && !string.IsNullOrEmpty(input.Instruction))
            throw new EmbeddingException(
                $"The target has an instruction, expected none: with the preset {preset.Name} every target has the same one."
            );
    }

    /// <summary>The parts of one slot, which is filled from this item; none for <see cref="PromptSlot.Instruction"/>.</summary>
    /// <exception cref="EmbeddingException">The item is empty.</exception>
    public IReadOnlyList<ContentPart> Of(PromptSlot slot, EmbeddingInput input) =>
        slot switch
        {
            PromptSlot.Item => Whole(input),
            PromptSlot.Images => [.. input.Images.Select(image => new ImagePart(image))],
            PromptSlot.Text => Text(input, Merged(input)),
            PromptSlot.Query => [.. Of(PromptSlot.Images, input), .. Text(input, Merged(input))],
            PromptSlot.Document => [.. Of(PromptSlot.Images, input), .. Text(input, instruction: "")],
            _ => [],
        };

    private IReadOnlyList<ContentPart> Whole(EmbeddingInput input)
    {
        var content = PromptContent.WithInstruction(input with { Instruction = Merged(input) });
        if (content.Count == 0)
            return Empty();
        return preset.Prompt.FinalNewline ? PromptContent.EndingInNewline(content) : content;
    }

    private IReadOnlyList<ContentPart> Text(EmbeddingInput input, string instruction)
    {
        var text = string.Join(' ', ((string?[])[instruction, input.Text]).Where(text => !string.IsNullOrEmpty(text)));
        if (text.Length > 0)
            return [new TextPart(text)];
        return input.Images.Count > 0 ? [] : Empty();
    }

    /// <summary>The instruction that goes before the text: empty where the pattern has a place of its own for it.</summary>
    private string Merged(EmbeddingInput input) => _namesInstruction ? "" : preset.Instruction.Resolve(input.Instruction);

    private IReadOnlyList<ContentPart> Empty() =>
        preset.EmptyItem is { } text ? [new TextPart(text)] : throw new EmbeddingException(PromptContent.EmptyItem);
}
