namespace Rge.Presets;

/// <summary>The prompt of a preset: a pattern for the whole of it, or the checkpoint's chat template with a pattern for the user's turn.
/// Immutable.</summary>
public sealed record PresetPrompt
{
    /// <summary>Stands for the chat template that the checkpoint itself prefers.</summary>
    public const string DefaultTemplate = "default";

    /// <summary>Images as Qwen's chat templates write them.</summary>
    public const string DefaultImage = "<|vision_start|><|image_pad|><|vision_end|>";

    /// <summary>The whole prompt; the user's turn alone where <see cref="Template"/> is set.</summary>
    public required PromptPattern Pattern { get; init; }

    /// <summary>
    /// <see cref="DefaultTemplate"/>, or the name of a Jinja file in the checkpoint's folder; <see langword="null"/> without a chat
    /// template.
    /// </summary>
    public string? Template { get; init; }

    /// <summary>Whether the template is to begin the assistant's turn.</summary>
    public bool GenerationPrompt { get; init; } = true;

    /// <summary>An image in a pattern for the whole prompt. It has one image pad.</summary>
    public string Image { get; init; } = DefaultImage;

    /// <summary>Whether an item that does not end in a newline gets one.</summary>
    public bool FinalNewline { get; init; }
}
