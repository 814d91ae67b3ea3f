using System.Text.Json;
using System.Text.Json.Nodes;

namespace Rge.Cli;

/// <summary>Reads items from JSON Lines, with errors that name file and line.</summary>
internal static class RowReader
{
    /// <summary>The fields a row may have.</summary>
    public static IReadOnlyList<string> Fields { get; } = ["id", "role", "instruction", "text", "image", "images", "rationale", "reasoning"];

    /// <summary>Reads every row; pictures are not opened.</summary>
    /// <exception cref="CliException">A line is not a JSON object, has an unknown field, or a field has the wrong type.</exception>
    public static List<(string? Id, EmbeddingInput Item)> Read(string path)
    {
        var folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        var rows = new List<(string?, EmbeddingInput)>();
        foreach (var (line, text) in File.ReadLines(path).Index())
        {
            if (string.IsNullOrWhiteSpace(text)) continue;
            try
            {
                var row = JsonNode.Parse(text) as JsonObject ?? throw new FormatException("expected a JSON object");
                if (row.FirstOrDefault(field => !Fields.Contains(field.Key, StringComparer.Ordinal)).Key is { } unknown)
                    throw new FormatException($"the field '{unknown}' is not known, expected any of {string.Join(", ", Fields)}");
                rows.Add((row["id"]?.ToString(), Item(row, folder)));
            }
            catch (Exception e) when (e is JsonException or FormatException or InvalidOperationException)
            {
                throw new CliException($"{path}, line {line + 1}: {e.Message}", e);
            }
        }
        return rows;
    }

    private static EmbeddingInput Item(JsonObject row, string folder)
    {
        string[] images = [.. row["images"] is JsonArray several ? several.Select(i => i!.GetValue<string>()) : [], .. Text("image") is { } one ? [one] : Array.Empty<string>()];
        var item = new EmbeddingInput
        {
            Role = Choice("role", "query", "target") == "target" ? ItemRole.Target : ItemRole.Query,
            Instruction = Text("instruction"),
            Text = Text("text"),
            Images = [.. images.Select(image => ImageSource.FromFile(Path.Combine(folder, image)))],
            Rationale = Text("rationale"),
            Reasoning = Choice("reasoning", "on", "off") switch { null => null, "on" => ReasoningMode.On, _ => ReasoningMode.Off },
        };
        return item is { Instruction: null, Text: null, Images.Count: 0 } ? throw new FormatException("there is nothing to embed, expected a text, an image or an instruction") : item;

        string? Text(string field) => row[field] is { } value ? value.GetValue<string>() : null;

        string? Choice(string field, params string[] allowed) =>
            Text(field) is not { } value || allowed.Contains(value) ? Text(field) : throw new FormatException($"{field} is '{value}', expected {string.Join(" or ", allowed)}");
    }
}
