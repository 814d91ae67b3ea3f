using System.Text.RegularExpressions;
using Rge.Server.Errors;

namespace Rge.Server.Requests;

/// <summary>An image of a request: its bytes, or where they are to be fetched.</summary>
/// <param name="Path">Its place in the request, which is what errors call it.</param>
/// <param name="Bytes">The encoded image, where it was sent.</param>
/// <param name="Address">Where it is, where it was not.</param>
internal sealed partial record ImageReference(string Path, byte[]? Bytes, Uri? Address)
{
    /// <summary>Characters in which a data URI says what it is.</summary>
    private const int HeadLength = 256;

    /// <summary>Reads a data URI, bare base64 or an http(s) URL.</summary>
    /// <exception cref="ApiException">It is none of them.</exception>
    public static ImageReference Read(JsonField field)
    {
        var head = field.Head(HeadLength);
        if (
            head.StartsWith("http://", StringComparison.OrdinalIgnoreCase)
            || head.StartsWith("https://", StringComparison.OrdinalIgnoreCase)
        )
        {
            return Uri.TryCreate(field.Text().Trim(), UriKind.Absolute, out var address) && address.UserInfo.Length == 0
                ? new ImageReference(field.Path, Bytes: null, address)
                : throw field.Invalid($"{field.Path} is not a valid URL.", "invalid_image_url");
        }
        var uri = DataUri().Match(head);
        if (head.StartsWith("data:", StringComparison.OrdinalIgnoreCase) && !uri.Groups["base64"].Success)
            throw field.Invalid(
                $"{field.Path} is a data URI without base64, expected data:image/png;base64,… or the like.",
                "invalid_image"
            );
        return field.Base64Bytes(uri.Length) is { } bytes
            ? new ImageReference(field.Path, bytes, Address: null)
            : throw field.Invalid($"{field.Path} is not valid base64.", "invalid_image");
    }

    /// <summary>Reads a text that is the data URI of an image, as some clients send images where only texts are foreseen.</summary>
    /// <returns>The image; null for any other text.</returns>
    /// <exception cref="ApiException">It is the data URI of something else, or of an image that is not base64.</exception>
    public static ImageReference? OfText(JsonField field)
    {
        if (DataUri().Match(field.Head(HeadLength)) is not { Success: true } uri)
            return null;
        var (type, isBase64) = (uri.Groups["type"].Value, uri.Groups["base64"].Success);
        if (type.StartsWith("image/", StringComparison.OrdinalIgnoreCase))
            return Read(field);
        if (!isBase64)
            return null;
        return type.Length == 0 || type.Equals("application/octet-stream", StringComparison.OrdinalIgnoreCase)
            ? Read(field)
            : throw field.Invalid($"{field.Path} is a data URI of type {type}, expected a text or an image.", "invalid_image");
    }

    [GeneratedRegex(
        @"^data:(?<type>[\w.+-]+/[\w.+*-]+)?(;(?!base64,)[\w.+-]+(=[^;,]*)?)*(?<base64>;base64)?,",
        RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant,
        matchTimeoutMilliseconds: 1000
    )]
    private static partial Regex DataUri();
}
