using System.Globalization;
using System.Text.Json;
using Rge.Files;

namespace Rge.Text;

/// <summary>
/// A place in a JSON file of a checkpoint, with errors that name file, place, what was found and what was expected. Unlike
/// <see cref="ConfigReader"/> it walks lists and objects with arbitrary keys, and reads a vocabulary of 150,000 entries without a node for
/// each.
/// </summary>
internal readonly struct JsonField
{
    private const long MaxFileBytes = 64 << 20;

    private readonly JsonElement _element;
    private readonly string _file;
    private readonly string _parent;
    private readonly string? _name;
    private readonly int _index;

    private JsonField(JsonElement element, string file, string parent, string? name, int index = 0) =>
        (_element, _file, _parent, _name, _index) = (element, file, parent, name, index);

    /// <summary>True where the file has nothing here, or null.</summary>
    public bool IsMissing => _element.ValueKind is JsonValueKind.Undefined or JsonValueKind.Null;

    /// <summary>True where the file has a string here.</summary>
    public bool IsText => _element.ValueKind == JsonValueKind.String;

    /// <summary>True where the file has a list here.</summary>
    public bool IsList => _element.ValueKind == JsonValueKind.Array;

    /// <summary>True where the file has an object here.</summary>
    public bool IsObject => _element.ValueKind == JsonValueKind.Object;

    /// <summary>A field of an object; missing when this is missing.</summary>
    public JsonField this[string name] =>
        new(!IsMissing && Object().TryGetProperty(name, out var field) ? field : default, _file, Place, name);

    /// <summary>
    /// Parses a file whose top level is an object and hands the root to <paramref name="read"/>. Nothing of it is valid afterwards.
    /// </summary>
    public static T Read<T>(string path, Func<JsonField, T> read)
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
            using var document = JsonDocument.Parse(bytes, new JsonDocumentOptions { AllowDuplicateProperties = false });
            if (document.RootElement.ValueKind != JsonValueKind.Object)
                throw new CheckpointException($"{path}: the top level is not a JSON object.");
            return read(new JsonField(document.RootElement, path, "", ""));
        }
        // System.Text.Json reports broken UTF-8 and lone surrogates inside a string as InvalidOperationException, and only when it is read.
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new CheckpointException($"{path} is not valid JSON: {e.Message}", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CheckpointException($"{path} cannot be read: {FileProblem.Of(path, e)}.", e);
        }
    }

    public CheckpointException Error(string problem) => new($"{_file}: {(Place.Length == 0 ? "the top level" : Place)} {problem}.");

    public string Text() => IsText ? _element.GetString()! : throw Error($"is {Show()}, expected a string");

    public string? Text(string? fallback) => IsMissing ? fallback : Text();

    public bool Flag(bool fallback) =>
        _element.ValueKind switch
        {
            _ when IsMissing => fallback,
            JsonValueKind.True => true,
            JsonValueKind.False => false,
            _ => throw Error($"is {Show()}, expected true or false"),
        };

    public int Integer(int min, int max) =>
        _element.ValueKind == JsonValueKind.Number && _element.TryGetInt32(out var number) && number >= min && number <= max
            ? number
            : throw Error(string.Create(CultureInfo.InvariantCulture, $"is {Show()}, expected a whole number from {min} to {max}"));

    /// <summary>How many fields an object or entries a list has; none when missing.</summary>
    public int Count =>
        IsList ? _element.GetArrayLength()
        : IsObject ? _element.GetPropertyCount()
        : 0;

    /// <summary>The two strings of a list, or the two words of a string; null for anything else.</summary>
    public (string First, string Second)? Pair()
    {
        if (IsText)
            return Text().Split(' ', 3) is [var first, var second] ? (first, second) : null;
        if (!IsList || Count != 2)
            return null;
        var (left, right) = (_element[0], _element[1]);
        return left.ValueKind == JsonValueKind.String && right.ValueKind == JsonValueKind.String
            ? (left.GetString()!, right.GetString()!)
            : null;
    }

    /// <summary>The entries of a list; none when missing.</summary>
    public IEnumerable<JsonField> Items()
    {
        if (IsMissing)
            yield break;
        if (!IsList)
            throw Error($"is {Show()}, expected a list");
        var (place, index) = (Place, 0);
        foreach (var item in _element.EnumerateArray())
            yield return new JsonField(item, _file, place, null, index++);
    }

    /// <summary>Names and values of an object's fields; none when missing.</summary>
    public IEnumerable<(string Name, JsonField Value)> Fields()
    {
        if (IsMissing)
            yield break;
        var place = Place;
        foreach (var field in Object().EnumerateObject())
            yield return (field.Name, new JsonField(field.Value, _file, place, field.Name));
    }

    /// <summary>The value as the file has it, cut short.</summary>
    public string Show()
    {
        if (_element.ValueKind == JsonValueKind.Undefined)
            return "missing";
        var text = _element.GetRawText();
        return text.Length <= 60 ? text : text[..57] + "...";
    }

    private JsonElement Object() => IsObject ? _element : throw Error($"is {Show()}, expected an object");

    // Put together only when an object or list is entered or an error reported: a vocabulary has 150,000 fields.
    private string Place =>
        (_parent, _name) switch
        {
            (_, null) => string.Create(CultureInfo.InvariantCulture, $"{_parent}[{_index}]"),
            ("", _) => _name,
            _ => $"{_parent}.{_name}",
        };
}
