using System.Runtime.CompilerServices;
using System.Text.Json;

namespace Rge.Data.Mmeb;

/// <summary>Reads JSON Lines, and JSON files whose top level is a list: an object a row.</summary>
internal static class JsonTable
{
    private static readonly JsonSerializerOptions Options = new() { AllowDuplicateProperties = false };

    public static async Task<Table> ReadAsync(string path, IReadOnlyCollection<string> columns, CancellationToken cancellationToken)
    {
        var cells = new Dictionary<string, List<string?[]>>(StringComparer.Ordinal);
        var count = 0;
        await using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read);
        var isList = path.EndsWith(".json", StringComparison.Ordinal);
        await using var rows = (isList ? List(file, cancellationToken) : Lines(file, cancellationToken)).GetAsyncEnumerator(cancellationToken);
        while (await NextAsync())
        {
            if (rows.Current.ValueKind != JsonValueKind.Object) throw Error($"the row is {Show(rows.Current)}, expected an object");
            foreach (var column in columns)
            {
                if (!rows.Current.TryGetProperty(column, out var value)) continue;
                if (!cells.TryGetValue(column, out var known)) cells.Add(column, known = []);
                // Rows before this one that lack the field.
                while (known.Count < count) known.Add([]);
                known.Add(Read(column, value));
            }
            count++;
        }
        foreach (var known in cells.Values)
            while (known.Count < count) known.Add([]);
        return new Table(path, count, cells.ToDictionary(pair => pair.Key, pair => (IReadOnlyList<string?[]>)pair.Value, StringComparer.Ordinal));

        async Task<bool> NextAsync()
        {
            try
            {
                return await rows.MoveNextAsync();
            }
            catch (JsonException e)
            {
                throw new DatasetException($"{path}, row {count + 1}: not valid JSON: {e.Message}", e);
            }
        }

        string?[] Read(string column, JsonElement value) => value.ValueKind switch
        {
            JsonValueKind.Null => [null],
            JsonValueKind.String => [Text(column, value)],
            JsonValueKind.Array => [.. value.EnumerateArray().Select(item => item.ValueKind == JsonValueKind.Null ? null : Text(column, item))],
            _ => throw Error($"{column} is {Show(value)}, expected a text or a list of texts"),
        };

        string Text(string column, JsonElement value)
        {
            if (value.ValueKind != JsonValueKind.String) throw Error($"{column} has {Show(value)}, expected a text");
            try
            {
                return value.GetString()!;
            }
            catch (InvalidOperationException e)
            {
                throw new DatasetException($"{path}, row {count + 1}: {column} is not valid Unicode: {e.Message}", e);
            }
        }

        DatasetException Error(string problem) => new($"{path}, row {count + 1}: {problem}.");
    }

    private static async IAsyncEnumerable<JsonElement> Lines(Stream file, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var reader = new StreamReader(file);
        while (await reader.ReadLineAsync(cancellationToken) is { } line)
            if (!string.IsNullOrWhiteSpace(line)) yield return JsonSerializer.Deserialize<JsonElement>(line, Options);
    }

    private static IAsyncEnumerable<JsonElement> List(Stream file, CancellationToken cancellationToken) =>
        JsonSerializer.DeserializeAsyncEnumerable<JsonElement>(file, Options, cancellationToken);

    private static string Show(JsonElement value)
    {
        var text = value.GetRawText();
        return text.Length <= 60 ? text : text[..57] + "...";
    }
}
