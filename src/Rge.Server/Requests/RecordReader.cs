using System.Text;
using System.Text.Json;
using Rge.Search;

namespace Rge.Server.Requests;

/// <summary>Reads an item for a collection.</summary>
internal static class RecordReader
{
    /// <summary>Images of an item.</summary>
    private const int MaxImages = 1024;

    /// <summary>Names that an item's metadata may have, values of all of them together, and bytes of a name with one value: what indexes of stores take.</summary>
    private const int MaxNames = 256, MaxValues = 1024, MaxEntryBytes = 2000;

    /// <summary>Reads an item.</summary>
    /// <exception cref="ApiException">It cannot be understood, or exceeds a limit.</exception>
    public static SentItem Read(JsonField field)
    {
        RequestMembers.Record.Check(field);
        var (text, image, images) = (field["text"], field["image"], field["images"]);
        if (image.IsGiven && images.IsGiven) throw images.Invalid($"{field.Path} has both image and images, expected one of them.");
        List<ImageReference> pictures = image.IsGiven ? [ImageReference.Read(image)] : images.IsGiven ? [.. images.Elements(MaxImages, "images").Select(ImageReference.Read)] : [];
        if (text.IsGiven && ImageReference.OfText(text) is { } picture)
        {
            pictures.Add(picture);
            text = default;
        }
        var item = new SearchItem { Key = field["key"].OptionalText(), Text = text.OptionalText() is { Length: > 0 } words ? words : null, Metadata = Metadata(field["metadata"]) };
        if (item.Text is null && pictures.Count == 0) throw field.Invalid($"{field.Path} has neither text nor image.");
        return SentItem.Read(item, pictures);
    }

    /// <summary>Reads metadata: an object of texts, numbers, truth values or lists of them; null stands for nothing.</summary>
    /// <inheritdoc cref="Read" path="/exception"/>
    public static IReadOnlyCollection<KeyValuePair<string, string>> Metadata(JsonField metadata)
    {
        if (!metadata.IsGiven) return [];
        if (metadata.Kind != JsonValueKind.Object) throw metadata.Error("an object of texts, numbers, truth values or lists of them");
        if (metadata.Value.GetPropertyCount() is > MaxNames and var names) throw metadata.Invalid($"{metadata.Path} has {names} names, expected at most {MaxNames}.", "too_many");
        var entries = new List<KeyValuePair<string, string>>();
        foreach (var (name, field) in metadata.Members())
        {
            IReadOnlyList<JsonField> values = field.Kind != JsonValueKind.Array ? [field] : field.Value.GetArrayLength() == 0 ? [] : field.Elements(MaxValues, "values");
            foreach (var value in values.Where(value => value.IsGiven)) entries.Add(Entry(name, value));
            if (entries.Count > MaxValues) throw metadata.Invalid($"{metadata.Path} has more than {MaxValues} values.", "too_many");
        }
        return entries;
    }

    private static KeyValuePair<string, string> Entry(string name, JsonField value)
    {
        var text = value.Kind switch
        {
            JsonValueKind.String => value.Text(),
            // As JSON Lines are indexed: a number as it is written.
            JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False => value.Value.GetRawText(),
            _ => throw value.Error("a text, a number or a truth value"),
        };
        var bytes = Encoding.UTF8.GetByteCount(name) + 1 + Encoding.UTF8.GetByteCount(text);
        return bytes <= MaxEntryBytes
            ? KeyValuePair.Create(name, text)
            : throw value.Invalid($"{value.Path} has {bytes} bytes with its name, expected at most {MaxEntryBytes}: metadata is what items are filtered by; longer texts belong into text.", "too_long");
    }
}
