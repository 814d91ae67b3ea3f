using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Rge.Search.Indexing;

/// <summary>
/// The rows of a JSON Lines file, each an item: <c>id</c>, <c>text</c>, <c>image</c> or <c>images</c> (paths, from the file's folder), and
/// <c>metadata</c>, an object of texts, numbers, truth values or lists of them.
/// </summary>
/// <param name="path">The file.</param>
/// <param name="name">What to call the source; <see langword="null"/> for the file's full path.</param>
public sealed class JsonLinesSource(string path, string? name = null) : IItemSource
{
    private static readonly string[] Fields = ["id", "text", "image", "images", "metadata"];

    private readonly string _path = Path.GetFullPath(path);

    /// <inheritdoc/>
    public string Name => name ?? _path;

    /// <inheritdoc/>
    public SourceListing List(CancellationToken cancellationToken)
    {
        var (places, broken) = (new OrderedDictionary<string, SourcePlace>(StringComparer.Ordinal), new List<BrokenItem>());
        try
        {
            foreach (var (index, text) in File.ReadLines(_path).Index())
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (string.IsNullOrWhiteSpace(text)) continue;
                try
                {
                    var place = Place(text);
                    // A row that is there twice, word for word, is one item.
                    if (!places.TryAdd(place.Name, place) && places[place.Name].Stamp != place.Stamp) throw new FormatException($"the id '{place.Name}' is that of an earlier line, too");
                }
                // ArgumentException: a field is there twice.
                catch (Exception e) when (e is JsonException or FormatException or InvalidOperationException or ArgumentException)
                {
                    broken.Add(new BrokenItem($"{_path}, line {index + 1}", e.Message));
                }
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new SearchException($"{_path} cannot be read: {e.Message}", e);
        }
        return new SourceListing([.. places.Values], broken);
    }

    private SourcePlace Place(string text)
    {
        var (key, images) = RowOf(text);
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', [text, .. images.Select(ItemFile.Stamp)]))));
        return new SourcePlace(key ?? hash, hash, () => Item(text));
    }

    private (string? Key, IReadOnlyList<string> Images) RowOf(string text)
    {
        var row = JsonNode.Parse(text) as JsonObject ?? throw new FormatException("expected a JSON object");
        if (row.FirstOrDefault(field => !Fields.Contains(field.Key, StringComparer.Ordinal)).Key is { } unknown)
            throw new FormatException($"the field '{unknown}' is not known, expected any of {string.Join(", ", Fields)}");
        return (row["id"]?.ToString(), [.. Images(row)]);
    }

    private SearchItem Item(string text)
    {
        var row = JsonNode.Parse(text)!.AsObject();
        string[] images = [.. Images(row)];
        return new SearchItem
        {
            Key = row["id"]?.ToString(),
            Text = row["text"]?.GetValue<string>(),
            Path = images.FirstOrDefault(),
            Images = [.. images.Select(ItemFile.ReadPicture)],
            Metadata = [.. Metadata(row["metadata"])],
        };
    }

    private IEnumerable<string> Images(JsonObject row)
    {
        var several = row["images"] is { } list ? list.AsArray().Select(image => image?.GetValue<string>() ?? throw new FormatException("an image is null")) : [];
        return several.Concat(row["image"] is { } one ? [one.GetValue<string>()] : []).Select(image => Path.Combine(Path.GetDirectoryName(_path)!, image));
    }

    private static IEnumerable<KeyValuePair<string, string>> Metadata(JsonNode? metadata) =>
        from entry in metadata?.AsObject() ?? []
        from value in entry.Value is JsonArray list ? list : [entry.Value?.DeepClone()]
        where value is not null
        select KeyValuePair.Create(entry.Key, value is JsonValue ? value.ToString() : throw new FormatException($"metadata '{entry.Key}' is no text, number, truth value or list of them"));
}
