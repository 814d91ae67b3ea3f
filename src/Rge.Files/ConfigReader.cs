using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Rge.Files;

/// <summary>The fields of a JSON object of a checkpoint by name, with fallbacks and bounds.</summary>
public sealed class ConfigReader
{
    /// <summary>Entries of a list.</summary>
    private const int MaxEntries = 4096;

    private readonly JsonField _object;

    /// <summary>Reads from an object as it is now; a file is read by <see cref="JsonFile.ReadConfig"/> at less cost.</summary>
    /// <param name="json">The object.</param>
    /// <param name="path">The file, for errors.</param>
    public ConfigReader(JsonObject json, string path)
        : this(new JsonField(JsonElement.Parse(json.ToJsonString()), new CheckpointJsonErrors(path))) { }

    /// <summary>Reads from an object of a document, as long as that is valid.</summary>
    /// <param name="json">The object.</param>
    public ConfigReader(JsonField json) => _object = json.Object();

    /// <summary>A field as it is; missing where it is.</summary>
    public JsonField this[string field] => _object[field];

    /// <summary>The error of a field: <paramref name="problem"/> follows its name.</summary>
    public CheckpointException Error(string field, string problem) => (CheckpointException)_object[field].Error(problem);

    /// <summary>Whether the file has a value there other than null.</summary>
    public bool Has(string field) => !_object[field].IsMissing;

    /// <summary>An object in the object; <see langword="null"/> where there is none.</summary>
    public ConfigReader? Section(string field) => Has(field) ? new ConfigReader(_object[field]) : null;

    /// <summary>A text, or the fallback where there is none.</summary>
    public string? String(string field, string? fallback) => _object[field].Text(fallback);

    /// <summary>A text that must be there.</summary>
    public string String(string field) => String(field, null) ?? throw Error(field, "is missing");

    /// <summary>True or false, or the fallback where there is neither.</summary>
    public bool Bool(string field, bool fallback) => _object[field].Flag(fallback);

    /// <summary>A whole number within bounds; without a fallback it must be there.</summary>
    public int Int(string field, int min, int max, int? fallback = null) =>
        !Has(field) ? fallback ?? throw Error(field, "is missing")
        : Whole(_object[field]) is { } number && number >= min && number <= max ? number
        : throw _object[field].Unexpected(string.Create(CultureInfo.InvariantCulture, $"a whole number from {min} to {max}"));

    /// <summary>A number within bounds; without a fallback it must be there.</summary>
    public double Double(string field, double min, double max, double? fallback = null) =>
        !Has(field) ? fallback ?? throw Error(field, "is missing")
        : _object[field].Number() is { } number && number >= min && number <= max ? number
        : throw _object[field].Unexpected(string.Create(CultureInfo.InvariantCulture, $"a number from {min} to {max}"));

    /// <summary>A list of whole numbers; <see langword="null"/> where there is none.</summary>
    public IReadOnlyList<int>? Ints(string field) => List(field, Whole, "a list of whole numbers");

    /// <summary>A list of numbers; <see langword="null"/> where there is none.</summary>
    public IReadOnlyList<double>? Doubles(string field) => List(field, item => item.Number(), "a list of numbers");

    /// <summary>A list of texts; <see langword="null"/> where there is none.</summary>
    public IReadOnlyList<string>? Strings(string field)
    {
        var list = _object[field];
        return list.IsMissing ? null
            : list.IsList && list.Count <= MaxEntries && list.Items().All(item => item.IsText)
                ? [.. list.Items().Select(item => item.Text())]
            : throw list.Unexpected("a list of texts");
    }

    private T[]? List<T>(string field, Func<JsonField, T?> read, string expected)
        where T : struct
    {
        var list = _object[field];
        return list.IsMissing ? null
            : list.IsList && list.Count <= MaxEntries ? [.. list.Items().Select(item => read(item) ?? throw list.Unexpected(expected))]
            : throw list.Unexpected(expected);
    }

    /// <summary>Python may write a whole number with a fraction of zero.</summary>
    private static int? Whole(JsonField field) =>
        field.Number() is { } number && number == Math.Floor(number) && Math.Abs(number) <= int.MaxValue ? (int)number : null;
}
