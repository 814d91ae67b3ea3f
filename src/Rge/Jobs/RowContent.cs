using System.Text.Json.Nodes;
using Rge.Imaging;

namespace Rge.Jobs;

/// <summary>Reads what a row of a JSON Lines file shows: its <c>content</c>, or its images and after them its text.</summary>
internal static class RowContent
{
    private const string Field = "content";

    /// <summary>The row's texts and images in their order, with a space between any two; images are not opened.</summary>
    /// <param name="row">The row.</param>
    /// <param name="folder">The folder that paths are relative to.</param>
    /// <exception cref="FormatException">A field is not what it should be.</exception>
    public static IReadOnlyList<ContentPart> Read(JsonObject row, string folder)
    {
        if (row[Field] is not { } content)
        {
            ContentPart[] images = [.. Images(row).Select(path => Image(path, folder))];
            return ContentPart.Spaced([.. images, new TextPart(Words(row["text"], "text") ?? "")]);
        }
        if (Array.Find(["text", "image", "images"], name => row[name] is not null) is { } beside)
            throw new FormatException(
                $"{Field} stands beside {beside}, expected one of them: {Field} has all texts and images in their order");
        return content is JsonArray parts
            ? ContentPart.Spaced([.. parts.Select((part, i) => Part(part, $"{Field}[{i}]", folder))])
            : throw new FormatException($"{Field} is {EmbeddingRows.Kind(content)}, expected a list of parts");
    }

    private static ContentPart Part(JsonNode? node, string name, string folder)
    {
        const string Expected = "expected {\"text\": …} or {\"image\": PATH}";
        if (node is not JsonObject part) throw new FormatException($"{name} is {EmbeddingRows.Kind(node)}, {Expected}");
        if (part.FirstOrDefault(field => field.Key is not ("text" or "image")).Key is { } unknown)
            throw new FormatException($"{name} has the field '{EmbeddingRows.Short(unknown)}', {Expected}");
        return (Words(part["text"], $"{name}.text"), EmbeddingRows.Text(part["image"], $"{name}.image")) switch
        {
            ({ } text, null) => new TextPart(text),
            (null, { } path) => Image(path, folder),
            (null, null) => throw new FormatException($"{name} has neither text nor image, {Expected}"),
            _ => throw new FormatException($"{name} has both text and image, {Expected}"),
        };
    }

    private static IEnumerable<string> Images(JsonObject row)
    {
        var several = row["images"] switch
        {
            null => [],
            JsonArray images => images.Select((image, i) => EmbeddingRows.Text(image, $"images[{i}]")
                ?? throw new FormatException($"images[{i}] is null, expected the path of an image")),
            var other => throw new FormatException($"images is {EmbeddingRows.Kind(other)}, expected a list of paths"),
        };
        return several.Concat(EmbeddingRows.Text(row["image"], "image") is { } one ? [one] : []);
    }

    private static ImagePart Image(string path, string folder) => path switch
    {
        "" => throw new FormatException("the path of an image is empty"),
        _ when path.StartsWith("data:", StringComparison.OrdinalIgnoreCase) || path.Contains("://", StringComparison.Ordinal) =>
            throw new FormatException($"the image is given as '{EmbeddingRows.Short(path)}', expected the path of a file"),
        _ when path.Contains('\0', StringComparison.Ordinal) => throw new FormatException("the path of an image has a character of code 0"),
        _ => new ImagePart(ImageSource.FromFile(Path.Combine(folder, path))),
    };

    private static string? Words(JsonNode? value, string name) => EmbeddingRows.Text(value, name) is var text && ImageDataUri.Is(text)
        ? throw new FormatException($"{name} {ImageDataUri.Problem}")
        : text;
}
