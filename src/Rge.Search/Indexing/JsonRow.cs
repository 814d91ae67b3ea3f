using System.Text.Json;
using Rge.Files;
using Rge.Jobs;

namespace Rge.Search.Indexing;

/// <summary>A row of a JSON Lines file, read field by field, so that whatever is wrong with it is said in words.</summary>
internal sealed class JsonRow : IDisposable
{
    private static readonly string[] Known = ["id", "text", "image", "images", "metadata"];
    private static readonly ItemJsonErrors Errors = new(end: "");

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
            var row = new JsonField(document.RootElement, Errors, "it");
            if (!row.IsObject)
                throw row.Unexpected("a JSON object");
            return new JsonRow(document) { Key = IdOf(document.RootElement) };
        }
        catch
        {
            document.Dispose();
            throw;
        }
    }

    /// <summary>The item without its images, and their paths.</summary>
    /// <param name="folder">What paths count from.</param>
    /// <exception cref="SearchException">A field is not known, is there twice, or has something else than it should.</exception>
    public (SearchItem Item, IReadOnlyList<string> Images) Item(string folder)
    {
        var fields = new Dictionary<string, JsonField>(StringComparer.Ordinal);
        foreach (var (name, value) in new JsonField(_document.RootElement, Errors).Members())
        {
            if (!Known.Contains(name, StringComparer.Ordinal))
                throw new SearchException($"the field '{name}' is not known, expected any of {string.Join(", ", Known)}");
            if (!fields.TryAdd(name, value))
                throw new SearchException($"the field '{name}' is there twice");
        }
        var one = fields.GetValueOrDefault("image");
        string[] images =
        [
            .. fields
                .GetValueOrDefault("images")
                .Items("a list of paths")
                // Each is called an image, whether it stands in a list or on its own.
                .Select(image => new JsonField(image.Value, Errors, "image"))
                .Concat(one.IsMissing ? [] : [one])
                .Select(image => ImageOf(image, folder)),
        ];
        return (
            new SearchItem
            {
                Key = Key,
                Text = RowFields.Words(fields.GetValueOrDefault("text")),
                Path = images.FirstOrDefault(),
                Metadata = fields.TryGetValue("metadata", out var metadata) ? MetadataValue.Read(metadata.Value) : [],
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
        JsonField[] ids = [.. row.EnumerateObject().Where(IsId).Select(member => new JsonField(member.Value, Errors, "id"))];
        return ids switch
        {
            [] => null,
            [{ Kind: JsonValueKind.Number } number] => number.Value.GetRawText(),
            [var id] => id.Text(null),
            _ => throw new SearchException("the field 'id' is there twice"),
        };
    }

    /// <summary>A name that is no text is not that of the id: it is reported later, so that a row with an id keeps it.</summary>
    private static bool IsId(JsonProperty member)
    {
        try
        {
            return member.Name == "id";
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }

    private static string ImageOf(JsonField image, string folder)
    {
        var path = image.Text(null) ?? throw new SearchException("an image is null, expected the path of a file");
        return RowFields.ImagePath(path, folder, fault => new SearchException(
            fault switch
            {
                ImagePathFault.Empty => "an image is an empty text, expected the path of a file",
                ImagePathFault.Nul => "an image has the character NUL in its path",
                _ => $"the image '{path[..Math.Min(path.Length, 40)]}' is an address or data, expected the path of a file",
            }
        ));
    }

    public void Dispose() => _document.Dispose();
}
