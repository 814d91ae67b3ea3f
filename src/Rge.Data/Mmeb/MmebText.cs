using System.Text.RegularExpressions;
using Rge.Prompts;

namespace Rge.Data.Mmeb;

/// <summary>Brings the ways in which data sets write "here is the image" to one.</summary>
/// <remarks>Nothing else knows marks: what leaves here is content in its order, and a mark in a text from elsewhere is a text.</remarks>
public static partial class MmebText
{
    private const string First = "<|image_1|>";

    /// <summary>
    /// An instruction and what it is about as one text, as in MMEB's first version, where one column has both: a space between
    /// them, and none before a line break.
    /// </summary>
    internal static string? Join(string? instruction, string? text)
    {
        if (string.IsNullOrWhiteSpace(instruction))
            return text;
        if (instruction.Contains(First, StringComparison.Ordinal))
            text = text?.Replace(First, "", StringComparison.Ordinal).TrimStart(' ');
        return string.IsNullOrWhiteSpace(text)
            ? instruction
            : $"{instruction.TrimEnd(' ')} {text}".Replace(" \n", "\n", StringComparison.Ordinal);
    }

    /// <summary>
    /// The text with <c>&lt;image&gt;</c>, <c>&lt;|image|&gt;</c> and Qwen's own image tokens written as <c>&lt;|image_1|&gt;</c>; marks
    /// after the first are left out.
    /// </summary>
    internal static string Normalize(string text)
    {
        var isFirst = !text.Contains(First, StringComparison.Ordinal);
        return Mark.Replace(text, _ =>
        {
            var mark = isFirst ? First : "";
            isFirst = false;
            return mark;
        });
    }

    /// <summary>
    /// A text and an image as parts: the image wherever the text has its mark, in front and a space after it where it has none. Without an
    /// image, marks are left out.
    /// </summary>
    /// <param name="text">The text, its marks normalized; <see langword="null"/> for none.</param>
    /// <param name="image">The image; <see langword="null"/> for none.</param>
    internal static IReadOnlyList<ContentPart> Read(string? text, ImageSource? image)
    {
        if (image is null)
        {
            // A text of nothing but marks is an empty line to the model.
            var words = text is null ? null : Numbered.Replace(text, "");
            return words is null ? [] : [new TextPart(words.Length == 0 && text!.Length > 0 ? "\n" : words)];
        }
        if (text?.Contains(First, StringComparison.Ordinal) != true)
            return ContentPart.Spaced([new ImagePart(image), new TextPart(text ?? "")]);
        var parts = new List<ContentPart>();
        foreach (var (i, words) in text.Split(First).Index())
        {
            if (i > 0)
                parts.Add(new ImagePart(image));
            parts.Add(new TextPart(words));
        }
        return parts;
    }

    /// <summary>What MMEB's files have as an item's text: instruction and text, with the mark where the image stands.</summary>
    internal static string Write(EmbeddingInput item) => Write(PromptContent.WithInstruction(item));

    /// <summary>
    /// The text of an item without its instruction, with the mark where the image stands; <see langword="null"/> where the item has no
    /// text.
    /// </summary>
    public static string? Format(EmbeddingInput item)
    {
        ArgumentNullException.ThrowIfNull(item);
        return item.Text is null ? null : Write(item.Content);
    }

    private static string Write(IReadOnlyList<ContentPart> content)
    {
        var text = string.Concat(content.Select(part => part is TextPart words ? words.Text : First));
        return content is [ImagePart, TextPart { Text: " " }] ? First : text;
    }

    [GeneratedRegex(@"<\|image_[0-9]{1,4}\|>", RegexOptions.None, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Numbered { get; }

    [GeneratedRegex(
        @"<image>|<\|image\|>|<ImageHere>|(<\|vision_start\|>)?(<\|image_pad\|>)+(<\|vision_end\|>)?",
        RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 10_000
    )]
    private static partial Regex Mark { get; }
}
