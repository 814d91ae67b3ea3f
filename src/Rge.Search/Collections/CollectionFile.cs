using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using Rge.Files;

namespace Rge.Search.Collections;

/// <summary>
/// A collection as a file of JSON Lines, for a backup or another store: first its identity, then a record a line, with its vector
/// (float32, little-endian, base64), thumbnail and places.
/// </summary>
public static class CollectionFile
{
    private const string Format = "rge-collection";
    private const int Version = 1;

    private static readonly ItemJsonErrors Errors = new(end: "");

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
        int version;
        CollectionIdentity? identity;
        try
        {
            using var document = JsonDocument.Parse(text ?? "");
            (version, identity) = Head(new JsonField(document.RootElement, Errors));
        }
        catch (Exception e) when (e is JsonException or SearchException)
        {
            throw new SearchException(
                $"{path} is not an exported collection: its first line should say what the collection was made with.",
                e
            );
        }
        return identity
            ?? throw new SearchException(
                $"{path} has version {version}, but this program knows versions up to {Version}: use a newer program."
            );
    }

    /// <summary>The records in a file, read lazily.</summary>
    /// <exception cref="SearchException">A line cannot be read, or is no record of the collection that the first one names.</exception>
    public static async IAsyncEnumerable<CollectionEntry> ReadAsync(
        string path,
        [EnumeratorCancellation] CancellationToken cancellationToken = default
    )
    {
        var dimensions = ReadIdentity(path).Dimensions;
        foreach (var (number, text) in Lines(path).Skip(1))
        {
            cancellationToken.ThrowIfCancellationRequested();
            CollectionEntry entry;
            try
            {
                using var document = JsonDocument.Parse(text);
                entry = Entry(new JsonField(document.RootElement, Errors), dimensions);
            }
            catch (Exception e) when (e is JsonException or SearchException)
            {
                throw new SearchException(
                    $"{path}, line {number} is not a record of an exported collection"
                        + $"{(e is SearchException ? $": {e.Message}" : "")}; export it again.",
                    e
                );
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

    /// <summary>The first line: a version, and the identity unless the version is too new to know what it is.</summary>
    private static (int Version, CollectionIdentity? Identity) Head(JsonField head)
    {
        if (head["format"].Text() != Format)
            throw head["format"].Unexpected(Format);
        if (head["version"].Integer(1, int.MaxValue) is > Version and var version)
            return (version, null);
        var identity = head["identity"].Object();
        if (RecordChecks.Problem(new CatalogRecord { Identity = identity.Value.GetRawText() }) is { } problem)
            throw identity.Error(problem);
        return (Version, identity.Value.Deserialize<CollectionIdentity>(SearchCollections.Json));
    }

    private static CollectionEntry Entry(JsonField row, int dimensions)
    {
        var whole = new JsonField(row.Value, Errors, "it").Object();
        var record = new SearchRecord
        {
            Id = row["id"].Text(),
            Kind = (row["kind"].Choice(SearchNames.Kinds) ?? throw row["kind"].Unexpected("the kind of an item")).ToString(),
            Key = row["key"].Text(null),
            Text = row["text"].Text(null),
            Path = row["path"].Text(null),
            Tags = [.. Elements(row["metadata"], "a list of texts").Select(tag => tag.Text())],
            Vector = Vector(row["vector"], dimensions),
        };
        if (RecordChecks.Problem(record, dimensions) is { } problem)
            throw whole.Error(problem);
        return new()
        {
            Record = record,
            Thumbnail = row["thumbnail"] is { IsMissing: false } jpeg ? Bytes(jpeg) : null,
            Places = [.. Elements(row["places"], "a list of places").Select(Place)],
        };
    }

    private static IEnumerable<JsonField> Elements(JsonField field, string expected) =>
        field.IsMissing ? throw field.Unexpected(expected) : field.Items(expected);

    private static float[] Vector(JsonField field, int dimensions)
    {
        var (bytes, expected) = (Bytes(field), (long)dimensions * sizeof(float));
        return bytes.Length == expected
            ? MemoryMarshal.Cast<byte, float>(bytes).ToArray()
            : throw field.Error($"has {bytes.Length} bytes, expected {expected} for {dimensions} dimensions");
    }

    private static byte[] Bytes(JsonField field) =>
        field.Text().Length > 0 && field.Value.TryGetBytesFromBase64(out var bytes) ? bytes : throw field.Error("is not valid base64");

    private static EntryPlace Place(JsonField field)
    {
        const string Expected = "a list of source, name and stamp";
        string[] parts = [.. Elements(field, Expected).Select(part => part.Text())];
        return parts is [var source, var name, var stamp] ? new EntryPlace(source, name, stamp) : throw field.Unexpected(Expected);
    }
}
