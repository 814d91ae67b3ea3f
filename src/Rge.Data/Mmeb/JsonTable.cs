using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using Rge.Files;

namespace Rge.Data.Mmeb;

/// <summary>Reads JSON Lines, and JSON files whose top level is a list: an object a row.</summary>
internal static class JsonTable
{
    /// <summary>
    /// Made with a byte order mark on purpose: <see cref="StreamReader"/> replaces an encoding that has none by its own lenient UTF-8 when
    /// the file begins with one.
    /// </summary>
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: true, throwOnInvalidBytes: true);

    public static async Task<Table> ReadAsync(string path, IReadOnlyCollection<string> columns, CancellationToken cancellationToken)
    {
        var cells = new Dictionary<string, List<string?[]>>(StringComparer.Ordinal);
        var others = new OrderedDictionary<string, string>(StringComparer.Ordinal);
        var (count, place) = (0, new Position());
        var errors = new RowJsonErrors(Place);
        await using var file = FileReader.Open(path);
        var isList = path.EndsWith(".json", StringComparison.Ordinal);
        await using var rows = (isList ? List(file, cancellationToken) : Lines(file, place, cancellationToken)).GetAsyncEnumerator(
            cancellationToken
        );
        while (await NextAsync())
        {
            var seen = new HashSet<string>(StringComparer.Ordinal);
            foreach (var (column, value) in new JsonField(rows.Current, errors).Object().Members())
            {
                if (!seen.Add(column))
                    throw value.Error("is there twice");
                if (!columns.Contains(column, StringComparer.Ordinal))
                {
                    others.TryAdd(column, Place());
                    continue;
                }
                if (!cells.TryGetValue(column, out var known))
                    cells.Add(column, known = []);
                // Rows before this one that lack the field.
                while (known.Count < count)
                    known.Add([]);
                known.Add(Read(value));
            }
            count++;
        }
        foreach (var known in cells.Values)
            while (known.Count < count)
                known.Add([]);
        return new Table(
            path,
            count,
            cells.ToDictionary(pair => pair.Key, pair => (IReadOnlyList<string?[]>)pair.Value, StringComparer.Ordinal),
            others
        );

        async Task<bool> NextAsync()
        {
            try
            {
                return await rows.MoveNextAsync();
            }
            catch (JsonException e)
            {
                var line = isList && e.LineNumber is { } number ? $" of line {number + 1}" : "";
                throw new DatasetException(
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"{Place()}: not valid JSON: it breaks off at byte {e.BytePositionInLine + 1}{line}."
                    ),
                    e
                );
            }
            catch (DecoderFallbackException e)
            {
                throw new DatasetException(
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"{path}, line {FirstInvalidLine(path)}: not valid UTF-8: save the file as UTF-8."
                    ),
                    e
                );
            }
        }

        // Rows are counted without empty lines: where there are some, the number of the line is told too.
        string Place() =>
            string.Create(
                CultureInfo.InvariantCulture,
                $"{path}, row {count + 1}{(place.Line > count + 1 ? $" (line {place.Line})" : "")}"
            );
    }

    private static async IAsyncEnumerable<JsonElement> Lines(
        Stream file,
        Position place,
        [EnumeratorCancellation] CancellationToken cancellationToken
    )
    {
        using var reader = new StreamReader(file, Strict, detectEncodingFromByteOrderMarks: true);
        while (await reader.ReadLineAsync(cancellationToken) is { } line)
        {
            place.Line++;
            if (!string.IsNullOrWhiteSpace(line))
                yield return JsonSerializer.Deserialize<JsonElement>(line);
        }
    }

    private static IAsyncEnumerable<JsonElement> List(Stream file, CancellationToken cancellationToken) =>
        JsonSerializer.DeserializeAsyncEnumerable<JsonElement>(file, cancellationToken: cancellationToken);

    /// <summary>The reader decodes ahead of the lines that it hands out, so the line is looked for.</summary>
    private static long FirstInvalidLine(string path)
    {
        using var reader = new StreamReader(FileReader.Open(path), Encoding.Latin1, detectEncodingFromByteOrderMarks: false);
        for (var number = 1L; ; number++)
            if (reader.ReadLine() is not { } line || !System.Text.Unicode.Utf8.IsValid(Encoding.Latin1.GetBytes(line)))
                return number;
    }

    private static string?[] Read(JsonField cell) =>
        cell.IsList ? [.. cell.Items().Select(item => item.IsText || item.IsMissing ? item.Text(null) : throw NoText(cell, item))]
        : cell.IsText || cell.IsMissing ? [cell.Text(null)]
        : throw cell.Unexpected("a text or a list of texts");

    private static Exception NoText(JsonField cell, JsonField item) => cell.Error($"has {item.Show()}, expected a text");

    /// <summary>How many lines have been read.</summary>
    private sealed class Position
    {
        public int Line { get; set; }
    }
}
