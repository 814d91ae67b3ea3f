namespace Rge.Imaging.Tests;

/// <summary>Writes one-frame GIFs of 16 colours. Codes are never longer than 5 bits: the table is cleared before it would grow.</summary>
internal static class GifWriter
{
    private const int Bits = 4;

    public static byte[] Write(GifImage image)
    {
        var file = new List<byte>("GIF89a"u8.ToArray());
        file.AddRange([
            .. Short(image.ScreenWidth),
            .. Short(image.ScreenHeight),
            PaletteFlags(image.Palette),
            0,
            0,
            .. image.Palette ?? [],
        ]);
        if (image.Transparent is { } transparent)
            file.AddRange([0x21, 0xF9, 4, 1, 0, 0, transparent, 0]);
        file.AddRange([(byte)',', .. Short(image.X), .. Short(image.Y), .. Short(image.Width), .. Short(image.Height)]);
        file.AddRange([PaletteFlags(image.LocalPalette), .. image.LocalPalette ?? [], Bits]);
        foreach (var block in Compress(image.Indices).Chunk(255))
            file.AddRange([(byte)block.Length, .. block]);
        file.AddRange([0, (byte)';']);
        return [.. file];
    }

    private static byte[] Compress(byte[] indices)
    {
        const int Clear = 1 << Bits;
        var codes = indices.Chunk(Clear - 2).SelectMany(run => run.Select(i => (int)i).Prepend(Clear)).Append(Clear + 1);
        var bits = codes.SelectMany(code => Enumerable.Range(0, Bits + 1).Select(bit => code >> bit & 1));
        return [.. bits.Chunk(8).Select(b => (byte)b.Select((set, i) => set << i).Sum())];
    }

    private static byte[] Short(int value) => [(byte)value, (byte)(value >> 8)];

    private static byte PaletteFlags(byte[]? palette) => (byte)(palette is null ? 0 : 0x80 | Bits - 1);
}
