namespace Rge.Server.Requests;

/// <summary>An image of a request: its bytes, or where they are to be fetched.</summary>
/// <param name="Path">Its place in the request, which is what errors call it.</param>
/// <param name="Bytes">The encoded image, where it was sent.</param>
/// <param name="Address">Where it is, where it was not.</param>
internal sealed record ImageReference(string Path, byte[]? Bytes, Uri? Address)
{
    private const string DataScheme = "data:", Base64Mark = ";base64,";

    /// <summary>Reads a data URI, bare base64 or an http(s) URL.</summary>
    /// <exception cref="ApiException">It is none of them.</exception>
    public static ImageReference Read(JsonField field)
    {
        var text = field.Text();
        if (text.StartsWith("http://", StringComparison.OrdinalIgnoreCase) || text.StartsWith("https://", StringComparison.OrdinalIgnoreCase))
        {
            return Uri.TryCreate(text, UriKind.Absolute, out var address) && address.UserInfo.Length == 0
                ? new ImageReference(field.Path, Bytes: null, address)
                : throw field.Invalid($"{field.Path} is not a valid URL.", "invalid_image_url");
        }
        var start = 0;
        if (text.StartsWith(DataScheme, StringComparison.OrdinalIgnoreCase))
        {
            var mark = text.IndexOf(Base64Mark, StringComparison.OrdinalIgnoreCase);
            start = mark >= 0 ? mark + Base64Mark.Length : throw field.Invalid($"{field.Path} is a data URI without base64, expected data:image/png;base64,… or the like.", "invalid_image");
        }
        var bytes = new byte[(text.Length - start + 3) / 4 * 3];
        return Convert.TryFromBase64Chars(text.AsSpan(start), bytes, out var count)
            ? new ImageReference(field.Path, bytes[..count], Address: null)
            : throw field.Invalid($"{field.Path} is not valid base64.", "invalid_image");
    }
}
