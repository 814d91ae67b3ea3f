using System.Buffers.Text;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using Rge.Files;
using Rge.Server.Errors;

namespace Rge.Server.Requests;

/// <summary>What requests have more than other JSON: lists of bounded length, images in base64, errors with codes.</summary>
internal static class RequestFields
{
    /// <summary>What the first element of a list is; undefined for an empty one.</summary>
    public static JsonValueKind FirstKind(this JsonField list) => list.Count > 0 ? list.Value[0].ValueKind : JsonValueKind.Undefined;

    /// <summary>The elements of a list.</summary>
    /// <param name="list">The list.</param>
    /// <param name="most">How many there may be.</param>
    /// <param name="what">What they are, for errors.</param>
    /// <exception cref="ApiException">The value is not a list, is empty, or has too many elements.</exception>
    public static IReadOnlyList<JsonField> Elements(this JsonField list, int most, string what)
    {
        if (!list.IsList)
            throw list.Unexpected($"a list of {what}");
        // Counted before anything is made of them.
        var count = list.Count;
        if (count == 0 || count > most)
            throw list.Invalid($"{list.Place} has {count} {what}, expected 1 to {most}.", count == 0 ? "invalid_value" : "too_many");
        return [.. list.Items()];
    }

    /// <summary>
    /// The first characters of a text, without the whitespace before them; the whole of a long text is not copied for it.
    /// </summary>
    /// <param name="field">The text.</param>
    /// <param name="length">How many characters at most.</param>
    /// <exception cref="ApiException">The value is not a string, or not Unicode.</exception>
    public static string Head(this JsonField field, int length)
    {
        var raw = field.RawText();
        raw = raw[..Math.Min(raw.Length, length)];
        var isPlain = !raw.ContainsAnyExceptInRange((byte)' ', (byte)'~') && !raw.Contains((byte)'\\');
        var head = (isPlain ? Encoding.ASCII.GetString(raw) : field.Text()).TrimStart();
        return head.Length <= length ? head : head[..length];
    }

    /// <summary>The bytes that a text has in base64.</summary>
    /// <param name="field">The text.</param>
    /// <param name="start">Characters before the base64, not counting whitespace in front of all.</param>
    /// <returns>The bytes; null where the text is not base64.</returns>
    /// <inheritdoc cref="Head" path="/exception"/>
    public static byte[]? Base64Bytes(this JsonField field, int start)
    {
        // Read where it lies: as a string it would take twice its size. Some writers escape every slash.
        var raw = field.RawText();
        if (raw.Contains((byte)'\\'))
            raw = Encoding.UTF8.GetBytes(field.Text());
        raw = raw.TrimStart(" \t\r\n"u8)[start..];
        if (!Base64.IsValid(raw, out var length))
            return null;
        var bytes = new byte[length];
        Base64.DecodeFromUtf8(raw, bytes, out _, out _);
        return bytes;
    }

    /// <summary>An error about this place, in a sentence of its own.</summary>
    public static ApiException Invalid(
        this JsonField field,
        string message,
        string code = "invalid_value",
        Exception? innerException = null
    ) => ApiException.Invalid(message, field.Place is { Length: > 0 } place ? place : null, code, innerException);

    /// <summary>What is between the quotes of a text, escaped as it was sent.</summary>
    private static ReadOnlySpan<byte> RawText(this JsonField field) =>
        field.IsText ? JsonMarshal.GetRawUtf8Value(field.Value)[1..^1] : throw field.Unexpected(RequestJsonErrors.Instance.TextName);
}
