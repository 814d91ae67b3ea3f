namespace Rge.Imaging;

/// <summary>
/// Distinguishes data URIs of images from texts: embedded as a text, it would be thousands of tokens without meaning.
/// </summary>
public static class ImageDataUri
{
    /// <summary>What is wrong with such a text where an image is given by the path of a file, to follow its name.</summary>
    public const string Problem = "is an image as a data URI, expected a text: save the image to a file and give its path as an image";

    /// <summary>Whether a text is the data URI of an image.</summary>
    public static bool Is(string? text) =>
        text is not null && text.AsSpan().TrimStart().StartsWith("data:image/", StringComparison.OrdinalIgnoreCase);
}
