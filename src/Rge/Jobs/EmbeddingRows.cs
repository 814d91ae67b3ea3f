using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
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
            return FileReader.ReadBytes(path);
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
            using var document = Parse(bytes);
            var json = new JsonField(document.RootElement, RowJsonErrors.Instance);
            if (!json.IsObject)
                throw new FormatException(
                    $"expected a JSON object, found {(json.IsList ? "an array: a row is one object on one line" : json.ShowKind())}"
                );
            row = row with { Id = Id(json["id"]) };
            if (json.Members().FirstOrDefault(field => !Fields.Contains(field.Name, StringComparer.Ordinal)).Name is { } unknown)
                throw new FormatException(
                    $"the field '{JsonField.Shorten(unknown)}' is not known, expected any of {string.Join(", ", Fields)}"
                );
            var content = RowContent.Read(json, folder);
            var stamps = content.OfType<ImagePart>().Select(image => Stamp(image.Source.Name));
            var stamp = Digest(Encoding.UTF8.GetBytes(string.Join('\n', stamps)));
            return row with { Item = Item(json, content), Key = $"{row.Key.AsSpan(0, DigestLength)}:{stamp}" };
        }
        catch (FormatException e)
        {
            return row with { Problem = e.Message };
        }
    }

    private static JsonDocument Parse(ReadOnlyMemory<byte> bytes)
    {
        try
        {
            // Bytes that are no UTF-8 would be replaced in silence.
            _ = Utf8.GetCharCount(bytes.Span);
            return JsonDocument.Parse(bytes, Strict);
        }
        // Looking for names that are there twice decodes them.
        catch (InvalidOperationException e)
        {
            throw RowJsonErrors.Instance.InvalidName("", e);
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

    private static EmbeddingInput Item(JsonField row, IReadOnlyList<ContentPart> content)
    {
        var item = new EmbeddingInput
        {
            Role = Choice(row["role"], "query", "target") == "target" ? ItemRole.Target : ItemRole.Query,
            Instruction = row["instruction"].Text(null),
            Content = content,
            Rationale = row["rationale"].Text(null),
            Reasoning = Choice(row["reasoning"], "on", "off", "auto") switch
            {
                null => null,
                "on" => ReasoningMode.On,
                "auto" => ReasoningMode.Auto,
                _ => ReasoningMode.Off,
            },
        };
        return item is { Instruction: null, Content.Count: 0 }
            ? throw new FormatException("there is nothing to embed, expected a text, an image or an instruction")
            : item;
    }

    private static string? Id(JsonField id) =>
        id.Kind == JsonValueKind.Number ? id.Value.GetRawText()
        : id.IsText || id.IsMissing ? id.Text(null)
        : throw id.Unexpected("text or a number");

    private static string? Choice(JsonField field, params string[] allowed) =>
        field.Text(null) is var value && (value is null || allowed.Contains(value))
            ? value
            : throw field.Error($"is '{JsonField.Shorten(value)}', expected {string.Join(" or ", allowed)}");

    /// <summary>Changes when the file is written: its size and time, or that it is not there.</summary>
    private static string Stamp(string path)
    {
        var file = new FileInfo(path);
        return file.Exists ? string.Create(CultureInfo.InvariantCulture, $"{file.Length} {file.LastWriteTimeUtc.Ticks}") : "missing";
    }

    private static string Digest(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes).AsSpan(0, DigestLength / 2));
}
