using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.Json;

namespace Rge.Files;

/// <summary>
/// A value in a JSON document and its place there. Errors name the place, what was found and what was expected; which exception they are
/// is up to the document's <see cref="JsonErrors"/>. Valid as long as the document is.
/// </summary>
public readonly record struct JsonField
{
    /// <summary>Characters of a value or a name that an error shows.</summary>
    internal const int MaxShown = 60;

    /// <summary>The index of what is no element of a list.</summary>
    private const int IsRoot = -1;

    private readonly JsonErrors _errors;
    private readonly string _parent;
    private readonly string? _name;
    private readonly int _index;

    /// <summary>A value on its own, or the root of a document.</summary>
    /// <param name="value">The value; undefined where there is none.</param>
    /// <param name="errors">Makes the errors.</param>
    /// <param name="place">Its place, for errors; empty for a whole document.</param>
    public JsonField(JsonElement value, JsonErrors errors, string place = "")
        : this(value, errors, place, null, IsRoot) { }

    private JsonField(JsonElement value, JsonErrors errors, string parent, string? name, int index) =>
        (Value, _errors, _parent, _name, _index) = (value, errors, parent, name, index);

    /// <summary>The value; undefined where there is none.</summary>
    public JsonElement Value { get; }

    /// <summary>What the value is; undefined where there is none.</summary>
    public JsonValueKind Kind => Value.ValueKind;

    /// <summary>True where there is no value, or null.</summary>
    public bool IsMissing => Kind is JsonValueKind.Undefined or JsonValueKind.Null;

    /// <summary>True for a string.</summary>
    public bool IsText => Kind == JsonValueKind.String;

    /// <summary>True for a list.</summary>
    public bool IsList => Kind == JsonValueKind.Array;

    /// <summary>True for an object.</summary>
    public bool IsObject => Kind == JsonValueKind.Object;

    /// <summary>How many members an object or elements a list has; none for anything else.</summary>
    public int Count =>
        IsList ? Value.GetArrayLength()
        : IsObject ? Value.GetPropertyCount()
        : 0;

    /// <summary>The place, such as <c>input[0].image</c>; empty for a whole document.</summary>
    /// <remarks>Put together when it is asked for: a vocabulary has 150,000 members.</remarks>
    public string Place =>
        _name is { } name ? (_parent.Length == 0 ? Shorten(name) : $"{_parent}.{Shorten(name)}")
        : _index == IsRoot ? _parent
        : string.Create(CultureInfo.InvariantCulture, $"{_parent}[{_index}]");

    /// <summary>A member of an object; missing where it is, and where the object itself is.</summary>
    /// <remarks>Searches all members, so it is for a fixed set of names: for every member there is <see cref="Members"/>.</remarks>
    /// <exception cref="Exception">The value is neither an object nor missing.</exception>
    public JsonField this[string name] => new(Find(name), _errors, Place, name, 0);

    /// <summary>This, which must be an object.</summary>
    /// <exception cref="Exception">It is missing or something else.</exception>
    public JsonField Object() => IsObject ? this : throw Unexpected("an object");

    /// <summary>All members of an object, in their order; none where it is missing.</summary>
    /// <exception cref="Exception">The value is something else, or a name in it is not Unicode.</exception>
    public IEnumerable<(string Name, JsonField Value)> Members()
    {
        if (IsMissing)
            yield break;
        var place = Object().Place;
        foreach (var member in Value.EnumerateObject())
        {
            var name = NameOf(member);
            yield return (name, new JsonField(member.Value, _errors, place, name, 0));
        }
    }

    /// <summary>The elements of a list; none where it is missing.</summary>
    /// <param name="expected">What it should be, for errors.</param>
    /// <exception cref="Exception">The value is something else.</exception>
    public IEnumerable<JsonField> Items(string expected = "a list")
    {
        if (IsMissing)
            yield break;
        if (!IsList)
            throw Unexpected(expected);
        var (place, index) = (Place, 0);
        foreach (var item in Value.EnumerateArray())
            yield return new JsonField(item, _errors, place, null, index++);
    }

    /// <summary>A string.</summary>
    /// <exception cref="Exception">The value is something else, or not Unicode.</exception>
    public string Text()
    {
        if (!IsText)
            throw Unexpected(_errors.TextName);
        try
        {
            return Value.GetString()!;
        }
        // System.Text.Json reports bytes that are not UTF-8, and lone surrogates, when a string is asked for and not before.
        catch (InvalidOperationException e)
        {
            throw _errors.InvalidText(Place, e);
        }
    }

    /// <summary>A string, or the fallback where it is missing.</summary>
    /// <inheritdoc cref="Text()" path="/exception"/>
    [return: NotNullIfNotNull(nameof(fallback))]
    public string? Text(string? fallback) => IsMissing ? fallback : Text();

    /// <summary>True or false, or the fallback where it is missing.</summary>
    /// <exception cref="Exception">The value is something else.</exception>
    public bool Flag(bool fallback) =>
        Kind switch
        {
            _ when IsMissing => fallback,
            JsonValueKind.True => true,
            JsonValueKind.False => false,
            _ => throw Unexpected("true or false"),
        };

    /// <summary>A whole number, written without a fraction or an exponent.</summary>
    /// <exception cref="Exception">The value is something else, or out of bounds.</exception>
    public int Integer(int min, int max) =>
        Kind == JsonValueKind.Number && Value.TryGetInt32(out var number) && number >= min && number <= max
            ? number
            : throw Unexpected(string.Create(CultureInfo.InvariantCulture, $"a whole number from {min} to {max}"));

    /// <summary>A whole number, or null where it is missing.</summary>
    /// <inheritdoc cref="Integer" path="/exception"/>
    public int? OptionalInteger(int min, int max) => IsMissing ? null : Integer(min, max);

    /// <summary>A number; null for anything else, and for one too large for a double.</summary>
    public double? Number() =>
        Kind == JsonValueKind.Number && Value.TryGetDouble(out var number) && double.IsFinite(number) ? number : null;

    /// <summary>The value that one of several names stands for, or null where it is missing.</summary>
    /// <exception cref="Exception">The value is something else.</exception>
    public T? Choice<T>(IReadOnlyDictionary<string, T> choices)
        where T : struct =>
        IsMissing ? null
        : IsText && choices.TryGetValue(Text(), out var choice) ? choice
        : throw Unexpected($"one of {string.Join(", ", choices.Keys.Order(StringComparer.Ordinal).Select(name => $"\"{name}\""))}");

    /// <summary>An error at this place: <paramref name="problem"/> follows it in a sentence and has no full stop.</summary>
    public Exception Error(string problem, Exception? cause = null) => _errors.Error(Place, problem, cause);

    /// <summary>An error that says what was found here, and what was expected.</summary>
    public Exception Unexpected(string expected) => Error($"is {Show()}, expected {expected}");

    /// <summary>What was found here, as this document's errors show it.</summary>
    public string Show() => _errors.Show(Value);

    /// <summary>What kind of value was found here, with its article.</summary>
    public string ShowKind() => _errors.KindOf(Value);

    /// <summary>A text as errors show it, cut short.</summary>
    public static string Shorten(string text) => text.Length <= MaxShown ? text : text[..(MaxShown - 3)] + "...";

    private JsonElement Find(string name)
    {
        if (IsMissing)
            return default;
        try
        {
            return Object().Value.TryGetProperty(name, out var member) ? member : default;
        }
        catch (InvalidOperationException e)
        {
            throw _errors.InvalidName(Place, e);
        }
    }

    private string NameOf(JsonProperty member)
    {
        try
        {
            return member.Name;
        }
        catch (InvalidOperationException e)
        {
            throw _errors.InvalidName(Place, e);
        }
    }
}
