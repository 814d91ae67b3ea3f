using Rge.Text;

namespace Rge.Prompts;

/// <summary>A prompt of a chat template, whose user's turn is what the preset's pattern says.</summary>
internal sealed class TemplateLayout(ModelPreset preset, ChatTemplate template) : IPromptLayout
{
    private readonly ItemContent _items = new(preset);

    /// <inheritdoc/>
    public IReadOnlyList<ContentPart> Content(EmbeddingInput input) => _items.All(input);

    /// <inheritdoc/>
    public PromptText Render(EmbeddingInput input) =>
        template.Render(
            [.. Content(input).Select(part => part is TextPart text ? ChatPart.Text(text.Text, input.AllowSpecialTokens) : ChatPart.Image)],
            addGenerationPrompt: preset.Prompt.GenerationPrompt
        );
}
