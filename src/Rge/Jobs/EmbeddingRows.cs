using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Rge.Files;

namespace Rge.Jobs;

/// <summary>
/// Reads items from JSON Lines: a JSON object a line, with any of <see cref="Fields"/>. Images stand before the text; <c>content</c>
/// instead is a list of <c>{"text": …}</c> and <c>{"image": PATH}</c> in the order in which the prompt shows them, with a space between
/// any two.
/// </summary>
public static class EmbeddingRows
{
    /// <summary>Characters of each of the two digests that a key has, with a character between them.</summary>
    internal const int DigestLength = 16,
        KeyLength = 2 * DigestLength + 1;

    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false };

    /// <summary>The fields that a row may have.</summary>
    public static IReadOnlyList<string> Fields { get; } =
    ["id", "role", "instruction", "text", "image", "images", "content", "rationale", "reasoning"];

    /// <summary>Reads every row of a file; images are not opened. Paths of images are relative to the folder of the file.</summary>
    /// <returns>The rows in their order, those that cannot be read with their problem; blank lines are left out.</returns>
    /// <exception cref="EmbeddingJobException">The file is not there, is not JSON Lines, or has no rows.</exception>
    public static IReadOnlyList<EmbeddingRow> Read(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        var folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        var rows = new List<EmbeddingRow>();
        foreach (var (index, line) in Lines(path).Index())
        {
            // A byte order mark is not part of the first row.
            var bytes = index == 0 && line.Span.StartsWith(Encoding.UTF8.Preamble) ? line[Encoding.UTF8.Preamble.Length..] : line;
            if (!IsBlank(bytes.Span))
                rows.Add(Row(index + 1, bytes, folder));
        }
        return rows.Count > 0 ? rows : throw new EmbeddingJobException($"{path} has no rows, expected a JSON object on each line.");
    }

    private static IEnumerable<ReadOnlyMemory<byte>> Lines(string path)
    {
        ReadOnlyMemory<byte> rest = Bytes(path);
        if (GitLfsPointer.Is(rest.Span))
            throw new EmbeddingJobException($"{GitLfsPointer.Problem(path, rest.Span)}.");
        while (!rest.IsEmpty)
        {
            var end = rest.Span.IndexOf((byte)'\n');
            yield return end < 0 ? rest : rest[..end];
            rest = end < 0 ? default : rest[(end + 1)..];
        }
    }

    private static byte[] Bytes(string path)
    {
        if (Directory.Exists(path))
            throw new EmbeddingJobException($"{path} is a folder, expected a JSON Lines file.");
        try
        {
            using var file = FileReader.Open(path);
            using var content = new MemoryStream();
            file.CopyTo(content);
            return content.ToArray();
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new EmbeddingJobException($"There is no file {path}.", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new EmbeddingJobException($"{path} cannot be read: {FileProblem.Of(path, e)}.", e);
        }
    }

    private static bool IsBlank(ReadOnlySpan<byte> line) => line.IndexOfAnyExcept(" \t\r"u8) < 0;

    private static EmbeddingRow Row(int number, ReadOnlyMemory<byte> bytes, string folder)
    {
        var row = new EmbeddingRow { Line = number, Key = $"{Digest(bytes.Span)}:{Digest([])}" };
        try
        {
            var json = Parse(bytes);
            row = row with { Id = Id(json) };
            if (json.FirstOrDefault(field => !Fields.Contains(field.Key, StringComparer.Ordinal)).Key is { } unknown)
                throw new FormatException($"the field '{Short(unknown)}' is not known, expected any of {string.Join(", ", Fields)}");
            var content = RowContent.Read(json, folder);
            var stamps = content.OfType<ImagePart>().Select(image => Stamp(image.Source.Name));
            var stamp = Digest(Encoding.UTF8.GetBytes(string.Join('\n', stamps)));
            return row with { Item = Item(json, content), Key = $"{row.Key.AsSpan(0, DigestLength)}:{stamp}" };
        }
        catch (FormatException e)
        {
            return row with { Problem = e.Message };
        }
        catch (InvalidOperationException)
        {
            // System.Text.Json reads escapes when a name or a text is asked for, and not before.
            return row with { Problem = "it has half of a surrogate pair, such as \\ud800 alone, expected whole characters" };
        }
    }

    private static JsonObject Parse(ReadOnlyMemory<byte> bytes)
    {
        try
        {
            // Bytes that are no UTF-8 would be replaced in silence.
            _ = Utf8.GetCharCount(bytes.Span);
            return JsonNode.Parse(bytes.Span, documentOptions: Strict) switch
            {
                JsonObject row => row,
                JsonArray => throw new FormatException("expected a JSON object, found an array: a row is one object on one line"),
                var other => throw new FormatException($"expected a JSON object, found {Kind(other)}"),
            };
        }
        catch (DecoderFallbackException e)
        {
            throw new FormatException("expected UTF-8 text, found other bytes", e);
        }
        catch (JsonException e)
        {
            var place = e.BytePositionInLine is { } position ? string.Create(CultureInfo.InvariantCulture, $" at byte {position + 1}") : "";
            throw new FormatException($"expected a JSON object, found what is not JSON{place}", e);
        }
    }

    private static EmbeddingInput Item(JsonObject row, IReadOnlyList<ContentPart> content)
    {
        var item = new EmbeddingInput
        {
            Role = Choice(row, "role", "query", "target") == "target" ? ItemRole.Target : ItemRole.Query,
            Instruction = Text(row, "instruction"),
            Content = content,
            Rationale = Text(row, "rationale"),
            Reasoning = Choice(row, "reasoning", "on", "off") switch
            {
                null => null,
                "on" => ReasoningMode.On,
                _ => ReasoningMode.Off,
            },
        };
        return item is { Instruction: null, Content.Count: 0 }
            ? throw new FormatException("there is nothing to embed, expected a text, an image or an instruction")
            : item;
    }

    private static string? Id(JsonObject row) =>
        row["id"] switch
        {
            null => null,
            JsonValue value when value.GetValueKind() == JsonValueKind.String => value.GetValue<string>(),
            JsonValue value when value.GetValueKind() == JsonValueKind.Number => value.ToJsonString(),
            var other => throw new FormatException($"id is {Kind(other)}, expected text or a number"),
        };

    private static string? Text(JsonObject row, string field) => Text(row[field], field);

    /// <summary>The text of a field; <see langword="null"/> without one.</summary>
    /// <exception cref="FormatException">It is something else.</exception>
    internal static string? Text(JsonNode? value, string name) =>
        value switch
        {
            null => null,
            JsonValue text when text.GetValueKind() == JsonValueKind.String => text.GetValue<string>(),
            var other => throw new FormatException($"{name} is {Kind(other)}, expected text"),
        };

    private static string? Choice(JsonObject row, string field, params string[] allowed) =>
        Text(row, field) is not { } value || allowed.Contains(value)
            ? Text(row, field)
            : throw new FormatException($"{field} is '{Short(value)}', expected {string.Join(" or ", allowed)}");

    /// <summary>What sort of value was found, for a message.</summary>
    internal static string Kind(JsonNode? value) =>
        value?.GetValueKind() switch
        {
            null => "null",
            JsonValueKind.Number => "a number",
            JsonValueKind.True or JsonValueKind.False => "true or false",
            JsonValueKind.Array => "a list",
            JsonValueKind.Object => "an object",
            _ => "text",
        };

    /// <summary>What was found, no longer than a sentence bears.</summary>
    internal static string Short(string text) => text.Length <= 60 ? text : text[..57] + "...";

    /// <summary>Changes when the file is written: its size and time, or that it is not there.</summary>
    private static string Stamp(string path)
    {
        var file = new FileInfo(path);
        return file.Exists ? string.Create(CultureInfo.InvariantCulture, $"{file.Length} {file.LastWriteTimeUtc.Ticks}") : "missing";
    }

    private static string Digest(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes).AsSpan(0, DigestLength / 2));
}
