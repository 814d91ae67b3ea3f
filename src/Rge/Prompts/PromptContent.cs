using System.Globalization;
using System.Text.RegularExpressions;

namespace Rge.Prompts;

/// <summary>Lays out the user turn of an item; the rules are those of <see cref="EmbeddingInput"/>'s remarks.</summary>
public static partial class PromptContent
{
    /// <summary>Texts and images in their order; no two texts follow each other, and the last part is a text that ends in a newline.</summary>
    /// <exception cref="EmbeddingException">The item is empty, or its text names an image that it lacks.</exception>
    public static IReadOnlyList<ContentPart> Of(EmbeddingInput input)
    {
        var text = string.Join(' ', new[] { input.Instruction, input.Text }.Where(part => !string.IsNullOrEmpty(part)));
        if (text.Length == 0 && input.Images.Count == 0) throw new EmbeddingException("The item is empty: it has neither instruction, text nor images.");
        if (input.Images.Count == 0) return [new ContentPart(EndLine(ImageMark.Replace(text, "")))];

        var marks = ImageMark.Matches(text).Select(mark => (mark.Index, End: mark.Index + mark.Length, Image: ImageOf(mark, input))).ToArray();
        var parts = new List<ContentPart>();
        foreach (var image in Enumerable.Range(0, input.Images.Count).Except(marks.Select(mark => mark.Image)))
        {
            parts.Add(new ContentPart("", image));
            AddText(" ");
        }
        var start = 0;
        foreach (var (index, end, image) in marks)
        {
            AddText(text[start..index]);
            parts.Add(new ContentPart("", image));
            start = end;
        }
        AddText(EndLine(text[start..]));
        return parts;

        void AddText(string more)
        {
            if (more.Length == 0) return;
            if (parts is [.., { Image: null } last]) parts[^1] = new ContentPart(last.Text + more);
            else parts.Add(new ContentPart(more));
        }
    }

    [GeneratedRegex(@"<\|image_(?<number>[0-9]{1,4})\|>", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex ImageMark { get; }

    private static string EndLine(string text) => text.EndsWith('\n') ? text : text + "\n";

    private static int ImageOf(Match mark, EmbeddingInput input)
    {
        var number = int.Parse(mark.Groups["number"].ValueSpan, CultureInfo.InvariantCulture);
        return number >= 1 && number <= input.Images.Count
            ? number - 1
            : throw new EmbeddingException($"The text names {mark.Value}, but the item has {input.Images.Count} {(input.Images.Count == 1 ? "image" : "images")}, numbered from 1.");
    }
}
