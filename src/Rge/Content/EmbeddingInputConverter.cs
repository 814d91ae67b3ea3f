using System.Text.Json;
using System.Text.Json.Serialization;

namespace Rge;

/// <summary>
/// Writes items in one form, whatever the settings of the JSON around them are: their content in its order, images as digests. Reads those
/// without images, with their content or with a text in its place.
/// </summary>
internal sealed class EmbeddingInputConverter : JsonConverter<EmbeddingInput>
{
    public override void Write(Utf8JsonWriter writer, EmbeddingInput value, JsonSerializerOptions options) => JsonSerializer.Serialize(
        writer,
        new StoredInput
        {
            Role = value.Role,
            Instruction = value.Instruction,
            Content = [.. value.Content.Select(part => new StoredContentPart((part as TextPart)?.Text, (part as ImagePart)?.Source))],
            Reasoning = value.Reasoning,
            Rationale = value.Rationale,
            AllowSpecialTokens = value.AllowSpecialTokens,
        },
        ContentJsonContext.Default.StoredInput);

    public override EmbeddingInput? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (JsonSerializer.Deserialize(ref reader, ContentJsonContext.Default.StoredInput) is not { } stored) return null;
        var input = new EmbeddingInput
        {
            Role = stored.Role,
            Instruction = stored.Instruction,
            Text = stored.Text,
            Reasoning = stored.Reasoning,
            Rationale = stored.Rationale,
            AllowSpecialTokens = stored.AllowSpecialTokens,
        };
        return stored.Content is null ? input : input with { Content = [.. stored.Content.Select(Part)] };
    }

    private static ContentPart Part(StoredContentPart part) => part switch
    {
        { Text: { } text, Image: null } => new TextPart(text),
        { Text: null, Image: { } image } => new ImagePart(image),
        _ => throw new JsonException("A part of an item's content has neither text nor image, or both; expected one of them."),
    };
}
