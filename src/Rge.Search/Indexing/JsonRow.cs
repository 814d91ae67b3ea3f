using System.Text.Json;
using Rge.Imaging;

namespace Rge.Search.Indexing;

/// <summary>A row of a JSON Lines file, read field by field, so that whatever is wrong with it is said in words.</summary>
internal sealed class JsonRow : IDisposable
{
    private static readonly string[] Known = ["id", "text", "image", "images", "metadata"];

    private readonly JsonDocument _document;

    private JsonRow(JsonDocument document) => _document = document;

    /// <summary>The owner's key; <see langword="null"/> where there is none.</summary>
    public string? Key { get; private init; }

    /// <summary>Reads a line, so far as to know which row it is.</summary>
    /// <exception cref="SearchException">It is no JSON object, or its id will not do.</exception>
    public static JsonRow Parse(string text)
    {
        var document = Document(text);
        try
        {
            if (document.RootElement.ValueKind != JsonValueKind.Object)
                throw new SearchException($"it is {JsonKinds.Name(document.RootElement)}, expected a JSON object");
            return new JsonRow(document) { Key = IdOf(document.RootElement) };
        }
        catch
        {
            document.Dispose();
            throw;
        }
    }

    /// <summary>The item without its pictures, and their paths.</summary>
    /// <param name="folder">What paths count from.</param>
    /// <exception cref="SearchException">A field is not known, is there twice, or has something else than it should.</exception>
    public (SearchItem Item, IReadOnlyList<string> Images) Item(string folder)
    {
        var fields = new Dictionary<string, JsonElement>(StringComparer.Ordinal);
        foreach (var field in _document.RootElement.EnumerateObject())
        {
            var name = JsonKinds.NameOf(field) ?? throw new SearchException("a field has a name that is not valid Unicode text");
            if (!Known.Contains(name, StringComparer.Ordinal))
                throw new SearchException($"the field '{name}' is not known, expected any of {string.Join(", ", Known)}");
            if (!fields.TryAdd(name, field.Value))
                throw new SearchException($"the field '{name}' is there twice");
        }
        string[] images =
        [
            .. ListOf(fields, "images")
                .Concat(fields.TryGetValue("image", out var one) && one.ValueKind != JsonValueKind.Null ? [one] : [])
                .Select(image => ImageOf(image, folder)),
        ];
        return (
            new SearchItem
            {
                Key = Key,
                Text = fields.TryGetValue("text", out var text) ? WordsOf("text", text) : null,
                Path = images.FirstOrDefault(),
                Metadata = fields.TryGetValue("metadata", out var metadata) ? MetadataValue.Read(metadata) : [],
            },
            images
        );
    }

    private static JsonDocument Document(string text)
    {
        try
        {
            return JsonDocument.Parse(text);
        }
        catch (JsonException e)
        {
            throw new SearchException($"it is not valid JSON near byte {e.BytePositionInLine + 1}; expected a whole object on one line", e);
        }
        // What cannot be written as UTF-8.
        catch (ArgumentException e)
        {
            throw new SearchException("it is not valid Unicode text", e);
        }
    }

    private static string? IdOf(JsonElement row)
    {
        string? id = null;
        var isThere = false;
        foreach (var field in row.EnumerateObject())
        {
            if (JsonKinds.NameOf(field) != "id")
                continue;
            if (isThere)
                throw new SearchException("the field 'id' is there twice");
            (isThere, id) = (true, field.Value.ValueKind == JsonValueKind.Number ? field.Value.GetRawText() : TextOf("id", field.Value));
        }
        return id;
    }

    private static IEnumerable<JsonElement> ListOf(Dictionary<string, JsonElement> fields, string name) =>
        !fields.TryGetValue(name, out var list) || list.ValueKind == JsonValueKind.Null ? []
        : list.ValueKind == JsonValueKind.Array ? list.EnumerateArray()
        : throw new SearchException($"{name} is {JsonKinds.Name(list)}, expected a list of paths");

    private static string ImageOf(JsonElement image, string folder)
    {
        var path = TextOf("image", image);
        return path switch
        {
            null => throw new SearchException("an image is null, expected the path of a file"),
            "" => throw new SearchException("an image is an empty text, expected the path of a file"),
            _ when path.Contains("://", StringComparison.Ordinal) || path.StartsWith("data:", StringComparison.OrdinalIgnoreCase) =>
                throw new SearchException(
                    $"the image '{path[..Math.Min(path.Length, 40)]}' is an address or data, expected the path of a file"
                ),
            _ when path.Contains('\0') => throw new SearchException("an image has the character NUL in its path"),
            _ => Path.Combine(folder, path),
        };
    }

    private static string? WordsOf(string name, JsonElement value) =>
        TextOf(name, value) is var text && ImageDataUri.Is(text) ? throw new SearchException($"{name} {ImageDataUri.Problem}") : text;

    private static string? TextOf(string name, JsonElement value) =>
        value.ValueKind switch
        {
            JsonValueKind.Null => null,
            JsonValueKind.String => JsonKinds.TextOf(value)
                ?? throw new SearchException($"{name} has half of a character in it (a lone surrogate)"),
            _ => throw new SearchException($"{name} is {JsonKinds.Name(value)}, expected a text"),
        };

    public void Dispose() => _document.Dispose();
}
