using System.Text;
using System.Text.Unicode;

namespace Rge.Imaging;

/// <summary>Names files that are no images of a format that can be read, by their first bytes.</summary>
internal static class ForeignFormat
{
    /// <summary>Bytes that are looked at for what text is about.</summary>
    private const int TextStart = 512;

    /// <summary>What the file is, to follow its name and "is"; and whether other programs make an image of it that can be read.</summary>
    public static (string Kind, bool CanBeConverted) Describe(ReadOnlySpan<byte> bytes) =>
        bytes switch
        {
            [] => ("empty", false),
            [_, _, _, _, (byte)'f', (byte)'t', (byte)'y', (byte)'p', _, _, _, _, ..] => OfBrand(bytes),
            [(byte)'I', (byte)'I', 42 or 43, 0, ..] or [(byte)'M', (byte)'M', 0, 42 or 43, ..] => Image(
                "a TIFF image, or a camera's raw image"
            ),
            [(byte)'I', (byte)'I', (byte)'U', 0, ..] or [(byte)'I', (byte)'I', (byte)'R', (byte)'O', ..] => Image("a camera's raw image"),
            [0xFF, 0x0A, ..] or [0, 0, 0, 12, (byte)'J', (byte)'X', (byte)'L', (byte)' ', ..] => Image("a JPEG XL image"),
            [0, 0, 0, 12, (byte)'j', (byte)'P', ..] or [0xFF, 0x4F, 0xFF, 0x51, ..] => Image("a JPEG 2000 image"),
            [0, 0, 1 or 2, 0, ..] => Image("an icon (ICO)"),
            [(byte)'8', (byte)'B', (byte)'P', (byte)'S', ..] => Image("a Photoshop document"),
            [(byte)'P', >= (byte)'1' and <= (byte)'7', (byte)'\n' or (byte)' ' or (byte)'\r', ..] => Image(
                "a Netpbm image (PBM, PGM, PPM)"
            ),
            [0x76, 0x2F, 0x31, 0x01, ..] => Image("an OpenEXR image"),
            [(byte)'%', (byte)'P', (byte)'D', (byte)'F', ..] => Image("a PDF document"),
            [(byte)'%', (byte)'!', (byte)'P', (byte)'S', ..] => Image("a PostScript document"),
            [0x1A, 0x45, 0xDF, 0xA3, ..] => ("a video (WebM or Matroska)", false),
            [(byte)'R', (byte)'I', (byte)'F', (byte)'F', _, _, _, _, (byte)'A', (byte)'V', (byte)'I', ..] => ("a video (AVI)", false),
            [(byte)'R', (byte)'I', (byte)'F', (byte)'F', _, _, _, _, (byte)'W', (byte)'A', (byte)'V', ..] => ("an audio file", false),
            [(byte)'I', (byte)'D', (byte)'3', ..] or [(byte)'O', (byte)'g', (byte)'g', (byte)'S', ..] => ("an audio or video file", false),
            [0, 0, 1, 0xB3 or 0xBA, ..] or [(byte)'F', (byte)'L', (byte)'V', ..] => ("a video", false),
            [(byte)'P', (byte)'K', 3 or 5, ..] => ("a ZIP archive, or a document that is one", false),
            [0x1F, 0x8B, ..] => ("a gzip archive", false),
            [(byte)'R', (byte)'a', (byte)'r', (byte)'!', ..] or [(byte)'7', (byte)'z', 0xBC, 0xAF, ..] => ("an archive", false),
            _ => OfText(bytes) ?? ("of no format that is known", false),
        };

    private static (string Kind, bool CanBeConverted) OfBrand(ReadOnlySpan<byte> bytes)
    {
        // The main brand, then those that the file is compatible with: AVIF may call itself "mif1" first.
        var brands = Encoding.ASCII.GetString(bytes[8..Math.Min(bytes.Length, 64)]);
        return brands.StartsWith("avi", StringComparison.Ordinal)
            || (brands.StartsWith("mif1", StringComparison.Ordinal) && brands.Contains("avif", StringComparison.Ordinal))
                ? Image("an AVIF image")
            : brands[..4] is "heic" or "heix" or "heim" or "heis" or "hevc" or "hevx" or "mif1" or "msf1"
                ? Image("a HEIC image (an iPhone's format)")
            : brands[..4] is "crx " ? Image("a camera's raw image")
            : ("a video (MP4 or QuickTime)", false);
    }

    private static (string Kind, bool CanBeConverted)? OfText(ReadOnlySpan<byte> bytes)
    {
        var start = bytes[..Math.Min(bytes.Length, TextStart)];
        if (start is [0xFF, 0xFE, ..] or [0xFE, 0xFF, ..])
            return ("text", false);
        if (start is [0xEF, 0xBB, 0xBF, ..])
            start = start[3..];
        // The cut may go through a character.
        var cut = bytes.Length > TextStart ? 3 : 0;
        if (start.ContainsAnyInRange((byte)0, (byte)8) || !IsText(start, cut))
            return null;
        var text = Encoding.UTF8.GetString(start).TrimStart();
        return text switch
        {
            "" => ("blank text", false),
            _ when Contains("<svg") => Image("an SVG drawing"),
            _ when Begins("<!doctype html") || Begins("<html") || Begins("<head") || Begins("<body") || Contains("<html") => (
                "a web page (HTML), perhaps saved in the image's place",
                false
            ),
            ['<', ..] => ("XML", false),
            ['{' or '[', ..] => ("JSON", false),
            _ when Begins("data:") => ("a data URI, not the bytes that it encodes", false),
            _ when Begins("http://") || Begins("https://") => ("an address, not the image that it leads to", false),
            _ => ("text", false),
        };

        bool Begins(string word) => text.StartsWith(word, StringComparison.OrdinalIgnoreCase);
        bool Contains(string word) => text.Contains(word, StringComparison.OrdinalIgnoreCase);
    }

    private static bool IsText(ReadOnlySpan<byte> bytes, int mayCut)
    {
        for (var cut = 0; cut <= Math.Min(mayCut, bytes.Length); cut++)
            if (Utf8.IsValid(bytes[..^cut]))
                return true;
        return false;
    }

    private static (string Kind, bool CanBeConverted) Image(string kind) => (kind, true);
}
