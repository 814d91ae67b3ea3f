namespace Rge.Prompts;

/// <summary>Lays out the user turn of an item; the rules are those of <see cref="EmbeddingInput"/>'s remarks.</summary>
public static class PromptContent
{
    /// <summary>What is said of an item that has nothing in it.</summary>
    internal const string EmptyItem = "The item is empty: it has neither instruction, text nor images.";

    /// <summary>
    /// Texts and images in their order; no two texts follow each other, and the last part is a text that ends in a newline.
    /// </summary>
    /// <exception cref="EmbeddingException">The item is empty.</exception>
    public static IReadOnlyList<ContentPart> Create(EmbeddingInput input)
    {
        var content = WithInstruction(input);
        if (content.Count == 0)
            throw new EmbeddingException(EmptyItem);
        return EndingInNewline(content);
    }

    /// <summary>The content with a newline at its end.</summary>
    internal static IReadOnlyList<ContentPart> EndingInNewline(IReadOnlyList<ContentPart> content) =>
        content is [.., TextPart { Text: [.., '\n'] }] ? content : ContentPart.Merge([.. content, new TextPart("\n")]);

    /// <summary>The content of an item with its instruction where it belongs, without the final newline; empty where the item is.</summary>
    public static IReadOnlyList<ContentPart> WithInstruction(EmbeddingInput input)
    {
        ArgumentNullException.ThrowIfNull(input);
        var content = input.Content;
        if (string.IsNullOrEmpty(input.Instruction))
            return content;
        if (content.Count == 0)
            return [new TextPart(input.Instruction)];
        if (!EmbeddingInput.ImagesAreInFront(content))
            return ContentPart.Merge([new TextPart(input.Instruction + " "), .. content]);
        var text = content[^1] is TextPart last ? last.Text : "";
        // The space that separates images from text stays in front of the instruction, and another follows it.
        var rest = text.StartsWith(' ') ? text[1..] : text;
        return ContentPart.Merge([
            .. text.Length == 0 ? content : content.SkipLast(1),
            new TextPart($" {input.Instruction}{(rest.Length == 0 ? "" : " ")}{rest}"),
        ]);
    }
}
