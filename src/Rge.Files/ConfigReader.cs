using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Rge.Files;

/// <summary>Reads typed fields of a JSON object with errors that name the file, the field, what was found and what was expected.</summary>
/// <param name="json">The object.</param>
/// <param name="path">The file, for errors.</param>
/// <param name="prefix">What stands before the names of fields in errors: <c>"vision_config."</c>, or nothing.</param>
public sealed class ConfigReader(JsonObject json, string path, string prefix)
{
    private const long MaxFileBytes = 64 << 20;

    /// <summary>Parses a JSON file whose top level is an object.</summary>
    public static JsonObject ReadFile(string path)
    {
        var file = new FileInfo(path);
        if (!file.Exists)
            throw new CheckpointException($"{path} does not exist.");
        if (file.Length > MaxFileBytes)
            throw new CheckpointException($"{path} has {ByteSize.Excess(file.Length, MaxFileBytes)}.");
        try
        {
            var bytes = FileReader.ReadBytes(path);
            GitLfsPointer.Refuse(path, bytes);
            var node = JsonNode.Parse(bytes, documentOptions: new JsonDocumentOptions { AllowDuplicateProperties = false });
            DecodeStrings(node);
            return node as JsonObject ?? throw new CheckpointException($"{path}: the top level is not a JSON object.");
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new CheckpointException($"{path} is not valid JSON: {e.Message}", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CheckpointException($"{path} cannot be read: {FileProblem.Of(path, e)}.", e);
        }
    }

    /// <summary>
    /// The parser decodes strings when they are asked for; bytes that are not Unicode should be reported while the file is read.
    /// </summary>
    private static void DecodeStrings(JsonNode? node)
    {
        switch (node)
        {
            case JsonObject members:
                foreach (var (_, member) in members)
                    DecodeStrings(member);
                break;
            case JsonArray items:
                foreach (var item in items)
                    DecodeStrings(item);
                break;
            case JsonValue value:
                value.TryGetValue<string>(out _);
                break;
        }
    }

    /// <summary>The error of a field: <paramref name="problem"/> follows its name.</summary>
    public CheckpointException Error(string field, string problem) => new($"{path}: {prefix}{field} {problem}.");

    /// <summary>Whether the file has a value there other than null.</summary>
    public bool Has(string field) => Get(field) is not null;

    /// <summary>An object in the object; <see langword="null"/> where there is none.</summary>
    public ConfigReader? Section(string field) =>
        Get(field) switch
        {
            null => null,
            JsonObject section => new ConfigReader(section, path, $"{prefix}{field}."),
            var other => throw Error(field, $"is {Show(other)}, expected an object"),
        };

    /// <summary>A text, or the fallback where there is none.</summary>
    public string? String(string field, string? fallback) =>
        Get(field) switch
        {
            null => fallback,
            JsonValue value when value.TryGetValue<string>(out var text) => text,
            var other => throw Error(field, $"is {Show(other)}, expected a string"),
        };

    /// <summary>A text that must be there.</summary>
    public string String(string field) => String(field, null) ?? throw Error(field, "is missing");

    /// <summary>True or false, or the fallback where there is neither.</summary>
    public bool Bool(string field, bool fallback) =>
        Get(field) switch
        {
            null => fallback,
            JsonValue value when value.TryGetValue<bool>(out var flag) => flag,
            var other => throw Error(field, $"is {Show(other)}, expected true or false"),
        };

    /// <summary>A whole number within bounds; without a fallback it must be there.</summary>
    public int Int(string field, int min, int max, int? fallback = null) =>
        Get(field) switch
        {
            null => fallback ?? throw Error(field, "is missing"),
            var value when Number(value) is { } number && number == Math.Floor(number) && number >= min && number <= max => (int)number,
            var other => throw Error(field, $"is {Show(other)}, expected a whole number from {min} to {max}"),
        };

    /// <summary>A number within bounds; without a fallback it must be there.</summary>
    public double Double(string field, double min, double max, double? fallback = null) =>
        Get(field) switch
        {
            null => fallback ?? throw Error(field, "is missing"),
            var value when Number(value) is { } number && number >= min && number <= max => number,
            var other => throw Error(
                field,
                string.Create(CultureInfo.InvariantCulture, $"is {Show(other)}, expected a number from {min} to {max}")
            ),
        };

    /// <summary>A list of whole numbers; <see langword="null"/> where there is none.</summary>
    public IReadOnlyList<int>? Ints(string field)
    {
        switch (Get(field))
        {
            case null:
                return null;
            case JsonArray array when array.Count <= 4096 && array.All(IsInt):
                return [.. array.Select(n => (int)Number(n)!)];
            case var other:
                throw Error(field, $"is {Show(other)}, expected a list of whole numbers");
        }
    }

    /// <summary>A list of numbers; <see langword="null"/> where there is none.</summary>
    public IReadOnlyList<double>? Doubles(string field)
    {
        switch (Get(field))
        {
            case null:
                return null;
            case JsonArray array when array.Count <= 4096 && array.All(n => Number(n) is not null):
                return [.. array.Select(n => Number(n)!.Value)];
            case var other:
                throw Error(field, $"is {Show(other)}, expected a list of numbers");
        }
    }

    private static bool IsInt(JsonNode? node) =>
        Number(node) is { } number && number == Math.Floor(number) && Math.Abs(number) <= int.MaxValue;

    /// <summary>
    /// The node's number, whether it was parsed or made in code (where an int is not a double). One too large for its type, which the
    /// parser takes for infinite, is none.
    /// </summary>
    private static double? Number(JsonNode? node) =>
        node is not JsonValue value ? null
        : value.TryGetValue<double>(out var real)
            ? double.IsFinite(real) ? real
                : null
        : value.TryGetValue<int>(out var whole) ? whole
        : null;

    private JsonNode? Get(string field) => json.TryGetPropertyValue(field, out var node) ? node : null;

    private static string Show(JsonNode node)
    {
        var text = node.ToJsonString();
        return text.Length <= 60 ? text : text[..57] + "...";
    }
}
