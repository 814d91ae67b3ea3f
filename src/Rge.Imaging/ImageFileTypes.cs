namespace Rge.Imaging;

/// <summary>
/// File extensions of images: formats that can be read, and formats that cannot.
/// </summary>
public static class ImageFileTypes
{
    /// <summary>Extensions of files that are read as images, with the dot, in lower case.</summary>
    public static IReadOnlyList<string> Readable { get; } =
    [".png", ".apng", ".jpg", ".jpeg", ".jpe", ".jfif", ".jif", ".webp", ".gif", ".bmp", ".dib"];

    /// <summary>Extensions of files that are images, but of a format that cannot be read, with the dot, in lower case.</summary>
    public static IReadOnlyList<string> KnownUnreadable { get; } =
    [
        ".heic",
        ".heif",
        ".hif",
        ".avif",
        ".tif",
        ".tiff",
        ".svg",
        ".svgz",
        ".jxl",
        ".jp2",
        ".j2k",
        ".jpx",
        ".ico",
        ".cur",
        ".psd",
        ".tga",
        ".exr",
        ".hdr",
        ".pbm",
        ".pgm",
        ".ppm",
        ".pnm",
        ".dng",
        ".cr2",
        ".cr3",
        ".nef",
        ".arw",
        ".orf",
        ".rw2",
        ".raf",
    ];

    private static readonly HashSet<string> ReadableSet = new(Readable, StringComparer.OrdinalIgnoreCase);
    private static readonly HashSet<string> UnreadableSet = new(KnownUnreadable, StringComparer.OrdinalIgnoreCase);

    /// <summary>Whether a file of this name is read as an image: PNG, JPEG, WebP, GIF or BMP. Upper and lower case are the same.</summary>
    public static bool IsReadable(string path) => ReadableSet.Contains(Path.GetExtension(path));

    /// <summary>Whether a file of this name is an image of a format that cannot be read, such as HEIC, AVIF, TIFF or SVG.</summary>
    public static bool IsKnownUnreadable(string path) => UnreadableSet.Contains(Path.GetExtension(path));
}
