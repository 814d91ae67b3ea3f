using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace Rge.Files;

/// <summary>
/// What a reader of JSON makes of a problem: its own exception, in its own words. An instance is shared by all fields of a document and
/// must be thread-safe where they are.
/// </summary>
public abstract class JsonErrors
{
    /// <summary>What a string is called in errors.</summary>
    public virtual string TextName => "a string";

    /// <summary>The exception for a problem.</summary>
    /// <param name="place">Where it is, such as <c>input[0].image</c>; empty for the whole document.</param>
    /// <param name="problem">What follows the place in a sentence, without the full stop.</param>
    /// <param name="cause">What revealed it.</param>
    public abstract Exception Error(string place, string problem, Exception? cause = null);

    /// <summary>The exception for a string that has bytes that are not UTF-8, or a lone surrogate.</summary>
    /// <inheritdoc cref="Error"/>
    public virtual Exception InvalidText(string place, Exception cause) =>
        Error(place, "is not valid Unicode: it has bytes that are not UTF-8, or half of a surrogate pair", cause);

    /// <summary>The exception for an object with such a name among its members.</summary>
    /// <inheritdoc cref="Error"/>
    public virtual Exception InvalidName(string place, Exception cause) =>
        Error(place, "has a member whose name is not valid Unicode", cause);

    /// <summary>What was found, for errors: the value as it is written, cut short, unless overridden.</summary>
    public virtual string Show(JsonElement value)
    {
        if (value.ValueKind == JsonValueKind.Undefined)
            return "missing";
        // The bytes as they are: a string may be long, or no Unicode.
        var raw = JsonMarshal.GetRawUtf8Value(value);
        return JsonField.Shorten(Encoding.UTF8.GetString(raw[..Math.Min(raw.Length, 4 * (JsonField.MaxShown + 1))]));
    }

    /// <summary>What kind of value was found, with its article.</summary>
    public string KindOf(JsonElement value) =>
        value.ValueKind switch
        {
            JsonValueKind.Object => "an object",
            JsonValueKind.Array => "a list",
            JsonValueKind.String => TextName,
            JsonValueKind.Number => "a number",
            JsonValueKind.True or JsonValueKind.False => "true or false",
            JsonValueKind.Null => "null",
            _ => "missing",
        };
}
