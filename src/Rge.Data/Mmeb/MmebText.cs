using System.Text.RegularExpressions;

namespace Rge.Data.Mmeb;

/// <summary>Brings the ways in which data sets write "here is the picture" to one.</summary>
/// <remarks>
/// Whether a picture stands at the mark or the mark is left out, because the item has none, and that a text ends in a newline, is the
/// prompt's to decide: see <see cref="EmbeddingInput"/>.
/// </remarks>
internal static partial class MmebText
{
    private const string First = "<|image_1|>";

    /// <summary>
    /// An instruction and what it is about as one text, in the way of MMEB's first version, where both stand in one column: a space between
    /// them, and none before a line break.
    /// </summary>
    public static string? Join(string? instruction, string? text)
    {
        if (string.IsNullOrWhiteSpace(instruction)) return text;
        if (instruction.Contains(First, StringComparison.Ordinal)) text = text?.Replace(First, "", StringComparison.Ordinal).TrimStart(' ');
        return string.IsNullOrWhiteSpace(text) ? instruction : $"{instruction.TrimEnd(' ')} {text}".Replace(" \n", "\n", StringComparison.Ordinal);
    }

    /// <summary>The text with <c>&lt;image&gt;</c>, <c>&lt;|image|&gt;</c> and Qwen's own image tokens written as <c>&lt;|image_1|&gt;</c>; marks after the first are left out.</summary>
    public static string Normalise(string text)
    {
        var isFirst = !text.Contains(First, StringComparison.Ordinal);
        return Mark.Replace(text, _ =>
        {
            var mark = isFirst ? First : "";
            isFirst = false;
            return mark;
        });
    }

    [GeneratedRegex(@"<image>|<\|image\|>|<ImageHere>|(<\|vision_start\|>)?(<\|image_pad\|>)+(<\|vision_end\|>)?", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Mark { get; }
}
