using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Rge.Search.Collections;

/// <summary>
/// A collection as a file of JSON Lines, for a backup or another store: first its identity, then a record a line, with its vector
/// (float32, little-endian, base64), thumbnail and places.
/// </summary>
public static class CollectionFile
{
    private const string Format = "rge-collection";
    private const int Version = 1;

    /// <summary>Writes a collection.</summary>
    /// <param name="collection">The collection.</param>
    /// <param name="output">The destination; stays open.</param>
    /// <param name="filter">Which records; <see langword="null"/> for all.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <returns>How many records were written.</returns>
    public static async Task<long> WriteAsync(
        SearchCollection collection,
        TextWriter output,
        SearchFilter? filter = null,
        CancellationToken cancellationToken = default
    )
    {
        ArgumentNullException.ThrowIfNull(collection);
        ArgumentNullException.ThrowIfNull(output);
        await output.WriteLineAsync(
            new JsonObject
            {
                ["format"] = Format,
                ["version"] = Version,
                ["name"] = collection.Name,
                ["identity"] = JsonSerializer.SerializeToNode(collection.Identity, SearchCollections.Json),
            }.ToJsonString()
        );
        var count = 0L;
        await foreach (var entry in collection.ExportAsync(filter, cancellationToken))
        {
            await output.WriteLineAsync(ToJson(entry).ToJsonString());
            count++;
        }
        return count;
    }

    /// <summary>The identity of the collection in a file.</summary>
    /// <exception cref="SearchException">The file cannot be read, or was not written by <see cref="WriteAsync"/>.</exception>
    public static CollectionIdentity ReadIdentity(string path)
    {
        var (_, text) = Lines(path).FirstOrDefault();
        try
        {
            using var document = JsonDocument.Parse(text ?? "");
            var head = document.RootElement;
            if (
                head.ValueKind == JsonValueKind.Object
                && head.TryGetProperty("format", out var format)
                && format.ValueKind == JsonValueKind.String
                && format.GetString() == Format
            )
            {
                if (head.GetProperty("version").GetInt32() is > Version and var version)
                    throw new SearchException(
                        $"{path} has version {version}, but this program knows versions up to {Version}: use a newer program."
                    );
                return head.GetProperty("identity").Deserialize<CollectionIdentity>(SearchCollections.Json)!;
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException or FormatException)
        {
            throw NoCollection(e);
        }
        throw NoCollection(innerException: null);

        SearchException NoCollection(Exception? innerException) =>
            new($"{path} is not an exported collection: its first line should say what the collection was made with.", innerException);
    }

    /// <summary>The records in a file, read lazily.</summary>
    /// <exception cref="SearchException">A line cannot be read.</exception>
    public static async IAsyncEnumerable<CollectionEntry> ReadAsync(
        string path,
        [EnumeratorCancellation] CancellationToken cancellationToken = default
    )
    {
        foreach (var (number, text) in Lines(path).Skip(1))
        {
            cancellationToken.ThrowIfCancellationRequested();
            CollectionEntry entry;
            try
            {
                entry = FromJson(JsonNode.Parse(text)!.AsObject());
            }
            catch (Exception e)
                when (e is JsonException or InvalidOperationException or ArgumentException or FormatException or NullReferenceException)
            {
                throw new SearchException($"{path}, line {number} is not a record of an exported collection; export it again.", e);
            }
            yield return entry;
            await Task.CompletedTask;
        }
    }

    private static IEnumerable<(int Number, string Text)> Lines(string path)
    {
        using var lines = TextLines.Read(path).GetEnumerator();
        while (true)
        {
            try
            {
                if (!lines.MoveNext())
                    yield break;
            }
            catch (Exception e) when (ReadableFile.Problem(e) is not null)
            {
                throw new SearchException($"{path} cannot be read: {ReadableFile.Problem(e)}.", e);
            }
            var (number, text, problem) = lines.Current;
            if (problem is not null)
                throw new SearchException($"{path}, line {number} cannot be read: {problem}.");
            yield return (number, text);
        }
    }

    private static JsonObject ToJson(CollectionEntry entry) =>
        new()
        {
            ["id"] = entry.Record.Id,
            ["kind"] = SearchNames.KindOf(entry.Record),
            ["key"] = entry.Record.Key,
            ["text"] = entry.Record.Text,
            ["path"] = entry.Record.Path,
            ["metadata"] = new JsonArray([.. entry.Record.Tags.Select(tag => (JsonNode)tag)]),
            ["vector"] = Convert.ToBase64String(MemoryMarshal.AsBytes(entry.Record.Vector.Span)),
            ["thumbnail"] = entry.Thumbnail is { } jpeg ? Convert.ToBase64String(jpeg) : null,
            ["places"] = new JsonArray([.. entry.Places.Select(place => (JsonNode)new JsonArray(place.Source, place.Name, place.Stamp))]),
        };

    private static CollectionEntry FromJson(JsonObject row) =>
        new()
        {
            Record = new SearchRecord
            {
                Id = (string)row["id"]!,
                Kind = SearchNames.Kinds.TryGetValue((string)row["kind"]!, out var kind)
                    ? kind.ToString()
                    : throw new FormatException("The kind is not known."),
                Key = (string?)row["key"],
                Text = (string?)row["text"],
                Path = (string?)row["path"],
                Tags = [.. row["metadata"]!.AsArray().Select(tag => (string)tag!)],
                Vector = MemoryMarshal.Cast<byte, float>(Convert.FromBase64String((string)row["vector"]!)).ToArray(),
            },
            Thumbnail = (string?)row["thumbnail"] is { } jpeg ? Convert.FromBase64String(jpeg) : null,
            Places =
            [
                .. row["places"]!.AsArray().Select(place => new EntryPlace((string)place![0]!, (string)place[1]!, (string)place[2]!)),
            ],
        };
}
