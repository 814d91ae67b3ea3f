using System.Buffers.Binary;

namespace Rge.Imaging;

/// <summary>
/// PNG of 16-bit grey, which Pillow clips at 255 when converting to RGB, while decoders to 8 bits keep the high byte alone. The same bytes
/// are a valid PNG of 8-bit grey with alpha: the high byte is then read as grey, the low one as alpha, and nothing is lost.
/// </summary>
internal static class Grey16Png
{
    private const int Header = 12;
    private const int BitDepth = 24;
    private const int ColourType = 25;
    private const int Checksum = 29;
    private const byte Grey = 0;
    private const byte GreyAlpha = 4;

    public static bool Is(ReadOnlySpan<byte> png) =>
        png.Length > Checksum + 4 && png[Header..].StartsWith("IHDR"u8) && png[BitDepth] == 16 && png[ColourType] == Grey;

    /// <summary>A copy whose header says 8-bit grey with alpha.</summary>
    public static byte[] AsGreyAlpha(ReadOnlySpan<byte> png)
    {
        var bytes = png.ToArray();
        (bytes[BitDepth], bytes[ColourType]) = (8, GreyAlpha);
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(Checksum), Crc32.Compute(bytes.AsSpan(Header..Checksum)));
        return bytes;
    }

    /// <summary>Clips the 16-bit values of one row: any high byte means white.</summary>
    public static void ToRgb(ReadOnlySpan<byte> rgba, Span<byte> rgb)
    {
        for (var (from, to) = (0, 0); from < rgba.Length; (from, to) = (from + 4, to + RgbImage.Channels))
            rgb.Slice(to, RgbImage.Channels).Fill(rgba[from] == 0 ? rgba[from + 3] : byte.MaxValue);
    }
}
