using Rge.Text;

namespace Rge.Prompts;

/// <summary>Arranges an item as a prompt, in the way of a preset. Immutable and thread-safe.</summary>
internal interface IPromptLayout
{
    /// <summary>What the model is shown of an item, in the order of the prompt; images in the order of the item.</summary>
    /// <exception cref="EmbeddingException">The item is empty, or has what the preset does not allow.</exception>
    IReadOnlyList<ContentPart> Content(EmbeddingInput input);

    /// <summary>The prompt of an item, one image pad an image.</summary>
    /// <inheritdoc cref="Content" path="/exception"/>
    PromptText Render(EmbeddingInput input);
}
