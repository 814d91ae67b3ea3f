namespace Rge.Imaging.Tests;

/// <summary>What a GIF holds: a frame of 4-bit indices somewhere on a screen.</summary>
internal sealed record GifImage(int Width, int Height, byte[] Indices, byte[]? Palette)
{
    public byte[]? LocalPalette { get; init; }

    public byte? Transparent { get; init; }

    public int ScreenWidth { get; init; } = Width;

    public int ScreenHeight { get; init; } = Height;

    public int X { get; init; }

    public int Y { get; init; }

    /// <summary>
    /// The screen as Pillow shows it: transparent pixels in their palette colour, the rest in that of the transparent index, else of index
    /// 0.
    /// </summary>
    public byte[] ToRgb()
    {
        var palette = LocalPalette ?? Palette!;
        var indices =
            from y in Enumerable.Range(-Y, ScreenHeight)
            from x in Enumerable.Range(-X, ScreenWidth)
            select x >= 0 && y >= 0 && x < Width && y < Height ? Indices[y * Width + x] : Transparent ?? 0;
        return [.. indices.SelectMany(i => palette[(3 * i)..(3 * i + 3)])];
    }
}
