namespace Rge;

/// <summary>
/// An item to embed: an instruction, a text and images, each optional, but not all absent. Immutable.
/// </summary>
/// <remarks>
/// The prompt shows the images first, each followed by a space, then instruction and text with a space between them, and ends in a
/// newline, as MMEB has it. Where instruction or text say <c>&lt;|image_1|&gt;</c>, <c>&lt;|image_2|&gt;</c> …, that image stands there
/// instead; without any image the marks are left out.
/// </remarks>
public sealed record EmbeddingInput
{
    /// <summary>Which side of the comparison the item is on.</summary>
    public ItemRole Role { get; init; }

    /// <summary>What is to be done with the item: "Find an image that matches the modification:".</summary>
    public string? Instruction { get; init; }

    /// <summary>The item's text.</summary>
    public string? Text { get; init; }

    /// <summary>The item's images.</summary>
    public IReadOnlyList<ImageSource> Images { get; init; } = [];

    /// <summary>Whether to reason; <see langword="null"/> leaves it to the call and then to the embedder: queries reason, targets do not.</summary>
    public ReasoningMode? Reasoning { get; init; }

    /// <summary>
    /// A rationale to read instead of writing one, without <c>&lt;emb&gt;</c>: what a person has edited, or another model has written.
    /// <see cref="Reasoning"/> does not matter then.
    /// </summary>
    public string? Rationale { get; init; }

    /// <summary>
    /// Whether special tokens in instruction, text and rationale count as such. Off, so that nobody who fills in a text can end the turn or
    /// begin another.
    /// </summary>
    public bool AllowSpecialTokens { get; init; }

    /// <summary>A query: what is searched with.</summary>
    public static EmbeddingInput Query(string? text, params IReadOnlyList<ImageSource> images) =>
        new() { Role = ItemRole.Query, Text = text, Images = images };

    /// <summary>A target (candidate): what is searched for.</summary>
    public static EmbeddingInput Target(string? text, params IReadOnlyList<ImageSource> images) =>
        new() { Role = ItemRole.Target, Text = text, Images = images };
}
