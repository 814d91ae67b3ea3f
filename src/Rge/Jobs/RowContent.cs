using Rge.Files;

namespace Rge.Jobs;

/// <summary>Reads what a row of a JSON Lines file shows: its <c>content</c>, or its images and after them its text.</summary>
internal static class RowContent
{
    private const string Field = "content",
        OneImage = "image";

    /// <summary>The row's texts and images in their order, with a space between any two; images are not opened.</summary>
    /// <param name="row">The row.</param>
    /// <param name="folder">The folder that paths are relative to.</param>
    /// <exception cref="FormatException">A field is not what it should be.</exception>
    public static IReadOnlyList<ContentPart> Read(JsonField row, string folder)
    {
        var content = row[Field];
        if (content.IsMissing)
        {
            ContentPart[] images = [.. Images(row).Select(image => Image(image, folder))];
            return ContentPart.Spaced([.. images, new TextPart(RowFields.Words(row["text"]) ?? "")]);
        }
        if (Array.Find(["text", "image", "images"], name => !row[name].IsMissing) is { } beside)
            throw content.Error($"stands beside {beside}, expected one of them: {Field} has all texts and images in their order");
        return ContentPart.Spaced([.. content.Items("a list of parts").Select(part => Part(part, folder))]);
    }

    private static ContentPart Part(JsonField part, string folder)
    {
        const string Expected = "{\"text\": …} or {\"image\": PATH}";
        if (!part.IsObject)
            throw part.Unexpected(Expected);
        if (part.Members().FirstOrDefault(field => field.Name is not ("text" or "image")).Name is { } unknown)
            throw part.Error($"has the field '{JsonField.Shorten(unknown)}', expected {Expected}");
        return (RowFields.Words(part["text"]), part["image"].Text(null)) switch
        {
            ({ } text, null) => new TextPart(text),
            (null, not null) => Image(part["image"], folder),
            (null, null) => throw part.Error($"has neither text nor image, expected {Expected}"),
            _ => throw part.Error($"has both text and image, expected {Expected}"),
        };
    }

    private static IEnumerable<JsonField> Images(JsonField row)
    {
        foreach (var image in row["images"].Items("a list of paths"))
            yield return image.IsMissing ? throw image.Unexpected("the path of an image") : image;
        if (!row[OneImage].IsMissing)
            yield return row[OneImage];
    }

    private static ImagePart Image(JsonField image, string folder)
    {
        var path = image.Text();
        return new ImagePart(ImageSource.FromFile(RowFields.ImagePath(path, folder, fault => new FormatException(Problem(fault)))));

        // Of several images of a row, the place tells which.
        string Problem(ImagePathFault fault) =>
            (
                fault switch
                {
                    ImagePathFault.Empty => "the path of an image is empty",
                    ImagePathFault.Nul => "the path of an image has a character of code 0",
                    _ => $"the image is given as '{JsonField.Shorten(path)}', expected the path of a file",
                }
            ) + (image.Place == OneImage ? "" : $" ({image.Place})");
    }
}
