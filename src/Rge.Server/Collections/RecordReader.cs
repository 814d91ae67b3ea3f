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
        if (image.IsGiven && images.IsGiven)
            throw images.Invalid($"{field.Path} has both image and images, expected one of them.");
        List<ImageReference> pictures =
            image.IsGiven ? [ImageReference.Read(image)]
            : images.IsGiven ? [.. images.Elements(MaxImages, "images").Select(ImageReference.Read)]
            : [];
        if (text.IsGiven && ImageReference.OfText(text) is { } picture)
        {
            pictures.Add(picture);
            text = default;
        }
        var item = new SearchItem
        {
            Key = field["key"].OptionalText(),
            Text = text.OptionalText() is { Length: > 0 } words ? words : null,
            Metadata = Metadata(field["metadata"]),
        };
        if (item.Text is null && pictures.Count == 0)
            throw field.Invalid($"{field.Path} has neither text nor image.");
        return SentItem.Read(item, pictures);
    }

    /// <summary>Reads metadata: an object of texts, numbers, truth values or lists of them, as the rows of JSON Lines have it.</summary>
    /// <inheritdoc cref="Read" path="/exception"/>
    public static IReadOnlyList<KeyValuePair<string, string>> Metadata(JsonField metadata)
    {
        const string Called = "metadata";
        if (!metadata.IsGiven)
            return [];
        try
        {
            return MetadataValue.Read(metadata.Value);
        }
        catch (SearchException e)
        {
            throw metadata.Invalid(metadata.Path + e.Message[Called.Length..], innerException: e);
        }
    }
}
