using System.Text.Json;
using System.Text.Json.Serialization;

namespace Rge;

/// <summary>
/// Writes an image as the digest of its content, so that caches and logs tell images apart by what they show: a file that is replaced under
/// the same path is another image, and the same bytes are the same image wherever they come from.
/// </summary>
internal sealed class ImageSourceConverter : JsonConverter<ImageSource>
{
    private const string Digest = "sha256";

    public override void Write(Utf8JsonWriter writer, ImageSource value, JsonSerializerOptions options)
    {
        writer.WriteStartObject();
        writer.WriteString(Digest, value.ContentDigest());
        writer.WriteEndObject();
    }

    public override ImageSource Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        throw new JsonException("An image is written to JSON as the digest of its content, from which it cannot be read; store its file beside the JSON and make the image from that.");
}
