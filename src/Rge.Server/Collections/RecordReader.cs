using Rge.Files;
using Rge.Search;
using Rge.Server.Errors;
using Rge.Server.Requests;

namespace Rge.Server.Collections;

/// <summary>Reads an item for a collection.</summary>
internal static class RecordReader
{
    /// <summary>Images of an item.</summary>
    private const int MaxImages = 1024;

    private static readonly RequestMembers Members = new("key", "text", "image", "images", "metadata");

    /// <summary>Reads an item.</summary>
    /// <exception cref="ApiException">It cannot be understood, or exceeds a limit.</exception>
    public static SentItem Read(JsonField field)
    {
        Members.Check(field);
        var (text, image, images) = (field["text"], field["image"], field["images"]);
        if (!image.IsMissing && !images.IsMissing)
            throw images.Invalid($"{field.Place} has both image and images, expected one of them.");
        List<ImageReference> references =
            !image.IsMissing ? [ImageReference.Read(image)]
            : !images.IsMissing ? [.. images.Elements(MaxImages, "images").Select(ImageReference.Read)]
            : [];
        if (!text.IsMissing && ImageReference.OfText(text) is { } embedded)
        {
            references.Add(embedded);
            text = default;
        }
        var item = new SearchItem
        {
            Key = field["key"].Text(null),
            Text = text.Text(null) is { Length: > 0 } words ? words : null,
            Metadata = Metadata(field["metadata"]),
        };
        if (item.Text is null && references.Count == 0)
            throw field.Invalid($"{field.Place} has neither text nor image.");
        return SentItem.Read(item, references);
    }

    /// <summary>Reads metadata: an object of texts, numbers, truth values or lists of them, as the rows of JSON Lines have it.</summary>
    /// <inheritdoc cref="Read" path="/exception"/>
    public static IReadOnlyList<KeyValuePair<string, string>> Metadata(JsonField metadata) =>
        metadata.IsMissing ? [] : MetadataValue.Read(metadata);
}
