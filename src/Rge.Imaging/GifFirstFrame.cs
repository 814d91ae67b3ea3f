namespace Rge.Imaging;

/// <summary>
/// The colour of transparent pixels in the first frame of a GIF. Pillow's conversion to RGB shows the colour that the palette holds for
/// them; decoders to RGBA forget it. Without the transparency flag they are ordinary pixels.
/// </summary>
internal static class GifFirstFrame
{
    private const int LogicalScreen = 13;
    private const byte Extension = (byte)'!';
    private const byte GraphicControl = 0xF9;
    private const byte ImageDescriptor = (byte)',';

    /// <summary>
    /// A copy whose first frame has no transparency. A file that does not parse is copied unchanged, for the decoder to report.
    /// </summary>
    /// <param name="gif">The file.</param>
    /// <param name="background">
    /// Colour of what the first frame leaves uncovered: that of its transparent index, else of index 0; black where the palette lacks it.
    /// </param>
    public static byte[] MakeOpaque(ReadOnlySpan<byte> gif, out (byte R, byte G, byte B) background)
    {
        var bytes = gif.ToArray();
        background = default;
        if (bytes.Length < LogicalScreen)
            return bytes;
        byte transparent = 0;
        var position = LogicalScreen + PaletteLength(bytes[10]);
        while (position + 2 < bytes.Length && bytes[position] == Extension)
        {
            // Introducer, label, then blocks that start with their length; an empty one ends them.
            if (bytes[position + 1] == GraphicControl && position + 6 < bytes.Length && (bytes[position + 3] & 1) != 0)
            {
                bytes[position + 3] &= 0xFE;
                transparent = bytes[position + 6];
            }
            position += 2;
            while (position < bytes.Length && bytes[position] != 0)
                position += bytes[position] + 1;
            position++;
        }
        if (position + 9 >= bytes.Length || bytes[position] != ImageDescriptor)
            return bytes;
        var local = PaletteLength(bytes[position + 9]);
        var palette = local > 0 ? bytes.AsSpan(position + 10) : bytes.AsSpan(LogicalScreen);
        var length = local > 0 ? local : PaletteLength(bytes[10]);
        var entry = transparent * 3;
        if (entry + 3 <= Math.Min(length, palette.Length))
            background = (palette[entry], palette[entry + 1], palette[entry + 2]);
        return bytes;
    }

    private static int PaletteLength(byte flags) => (flags & 0x80) == 0 ? 0 : 3 << ((flags & 7) + 1);
}
