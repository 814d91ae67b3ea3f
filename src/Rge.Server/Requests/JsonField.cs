using System.Buffers.Text;
using System.Collections.Frozen;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using Rge.Server.Errors;

namespace Rge.Server.Requests;

/// <summary>A value in the body of a request and its place there. Errors name the place, what was found and what was expected.</summary>
/// <param name="Value">The value; undefined where there is none.</param>
/// <param name="Path">Its place, such as <c>input[0].image</c>; empty for the whole body.</param>
internal readonly record struct JsonField(JsonElement Value, string Path)
{
    /// <summary>Characters of a value that an error shows.</summary>
    private const int Shown = 60;

    /// <summary>False where the value is missing or null.</summary>
    public bool IsGiven => Value.ValueKind is not (JsonValueKind.Undefined or JsonValueKind.Null);

    /// <summary>What the value is.</summary>
    public JsonValueKind Kind => Value.ValueKind;

    /// <summary>What the first element of a list is; undefined for an empty one.</summary>
    public JsonValueKind FirstKind => Value.GetArrayLength() > 0 ? Value[0].ValueKind : JsonValueKind.Undefined;

    /// <summary>A member of an object; one that is missing can be asked for as well.</summary>
    /// <remarks>Searches all members, so it is for a fixed set of names. Whoever wants every member enumerates <see cref="Members"/>.</remarks>
    /// <exception cref="ApiException">The value is not an object.</exception>
    public JsonField this[string name]
    {
        get
        {
            if (Kind != JsonValueKind.Object) throw Error("an object");
            Value.TryGetProperty(name, out var member);
            return new JsonField(member, PathOf(name));
        }
    }

    /// <summary>All members of an object, in their order.</summary>
    /// <exception cref="ApiException">The value is not an object, or a name in it is not Unicode.</exception>
    public IEnumerable<(string Name, JsonField Field)> Members()
    {
        if (Kind != JsonValueKind.Object) throw Error("an object");
        foreach (var member in Value.EnumerateObject())
        {
            var name = NameOf(member);
            yield return (name, new JsonField(member.Value, PathOf(Shorten(name))));
        }
    }

    /// <summary>The elements of a list.</summary>
    /// <param name="most">How many there may be.</param>
    /// <param name="what">What they are, for errors.</param>
    /// <exception cref="ApiException">The value is not a list, is empty, or has too many elements.</exception>
    public IReadOnlyList<JsonField> Elements(int most, string what)
    {
        if (Kind != JsonValueKind.Array) throw Error($"a list of {what}");
        // Counted before anything is made of them.
        var count = Value.GetArrayLength();
        if (count == 0 || count > most) throw Invalid($"{Path} has {count} {what}, expected 1 to {most}.", count == 0 ? "invalid_value" : "too_many");
        var path = Path;
        return [.. Value.EnumerateArray().Select((element, i) => new JsonField(element, $"{path}[{i}]"))];
    }

    /// <summary>A text.</summary>
    /// <exception cref="ApiException">The value is not a string, or not Unicode.</exception>
    public string Text()
    {
        if (Kind != JsonValueKind.String) throw Error("a string");
        try
        {
            return Value.GetString()!;
        }
        catch (InvalidOperationException e)
        {
            throw Invalid($"{Path} is not valid Unicode.", innerException: e);
        }
    }

    /// <summary>The first characters of a text, without the whitespace before them; the whole of a long text is not copied for it.</summary>
    /// <param name="length">How many characters at most.</param>
    /// <inheritdoc cref="Text" path="/exception"/>
    public string Head(int length)
    {
        if (Kind != JsonValueKind.String) throw Error("a string");
        var raw = RawText;
        raw = raw[..Math.Min(raw.Length, length)];
        var head = raw.ContainsAnyExceptInRange((byte)' ', (byte)'~') || raw.Contains((byte)'\\') ? Text() : Encoding.ASCII.GetString(raw);
        head = head.TrimStart();
        return head.Length <= length ? head : head[..length];
    }

    /// <summary>The bytes that a text has in base64.</summary>
    /// <param name="start">Characters before the base64, not counting whitespace in front of all.</param>
    /// <returns>The bytes; null where the text is not base64.</returns>
    /// <inheritdoc cref="Text" path="/exception"/>
    public byte[]? Base64Bytes(int start)
    {
        if (Kind != JsonValueKind.String) throw Error("a string");
        // Read where it lies: as a string it would take twice its size. Some writers escape every slash.
        var raw = RawText;
        if (raw.Contains((byte)'\\')) raw = Encoding.UTF8.GetBytes(Text());
        raw = raw.TrimStart(" \t\r\n"u8)[start..];
        if (!Base64.IsValid(raw, out var length)) return null;
        var bytes = new byte[length];
        Base64.DecodeFromUtf8(raw, bytes, out _, out _);
        return bytes;
    }

    /// <summary>A text, or null where there is none.</summary>
    /// <inheritdoc cref="Text" path="/exception"/>
    public string? OptionalText() => IsGiven ? Text() : null;

    /// <summary>A whole number, or null where there is none.</summary>
    /// <exception cref="ApiException">The value is not a number within the range.</exception>
    public int? OptionalInt(int least, int most) =>
        !IsGiven ? null
        : Kind == JsonValueKind.Number && Value.TryGetInt32(out var number) && number >= least && number <= most ? number
        : throw Error($"a whole number from {least} to {most}");

    /// <summary>Yes or no; no where there is none.</summary>
    /// <exception cref="ApiException">The value is something else.</exception>
    public bool Flag() => IsGiven && (Kind is JsonValueKind.True or JsonValueKind.False ? Value.GetBoolean() : throw Error("true or false"));

    /// <summary>One of several names, or null where there is none.</summary>
    /// <exception cref="ApiException">The value is something else.</exception>
    public T? OptionalChoice<T>(FrozenDictionary<string, T> choices) where T : struct =>
        !IsGiven ? null
        : Kind == JsonValueKind.String && choices.TryGetValue(Text(), out var choice) ? choice
        : throw Error($"one of {string.Join(", ", choices.Keys.Order(StringComparer.Ordinal).Select(name => $"\"{name}\""))}");

    /// <summary>An error that says what was found here.</summary>
    public ApiException Error(string expected) =>
        Invalid(IsGiven ? $"{Name} is {Show()}, expected {expected}." : $"{Name} is missing, expected {expected}.");

    /// <summary>An error about this place.</summary>
    public ApiException Invalid(string message, string code = "invalid_value", Exception? innerException = null) =>
        ApiException.Invalid(message, Path.Length == 0 ? null : Path, code, innerException);

    /// <summary>A name as errors show it.</summary>
    public static string Shorten(string name) => name.Length <= Shown ? name : name[..Shown] + "…";

    /// <summary>What is between the quotes of a text, escaped as it was sent.</summary>
    private ReadOnlySpan<byte> RawText => JsonMarshal.GetRawUtf8Value(Value)[1..^1];

    private string Name => Path.Length == 0 ? "The body" : Path;

    private string PathOf(string member) => Path.Length == 0 ? member : $"{Path}.{member}";

    private string NameOf(JsonProperty member)
    {
        try
        {
            return member.Name;
        }
        catch (InvalidOperationException e)
        {
            throw Invalid($"{Name} has a member whose name is not valid Unicode.", innerException: e);
        }
    }

    private string Show()
    {
        switch (Kind)
        {
            case JsonValueKind.Object: return "an object";
            case JsonValueKind.Array: return "a list";
            default:
                // The bytes as they came: a string may be long, or no Unicode.
                var raw = JsonMarshal.GetRawUtf8Value(Value);
                return raw.Length <= Shown ? Encoding.UTF8.GetString(raw) : Encoding.UTF8.GetString(raw[..Shown]) + "…";
        }
    }
}
