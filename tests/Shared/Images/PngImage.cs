namespace Rge.Tests.Shared.Images;

/// <summary>What a PNG holds: samples of up to 16 bits, pixel by pixel.</summary>
internal sealed record PngImage(int Width, int Height, int BitDepth, byte ColourType, int[] Samples)
{
    public const byte Grey = 0,
        Rgb = 2,
        Indexed = 3,
        GreyAlpha = 4,
        Rgba = 6;

    public bool Interlaced { get; init; }

    public byte[]? Palette { get; init; }

    public byte[]? Transparency { get; init; }

    /// <summary>The size that the header tells, when it lies.</summary>
    public (int Width, int Height)? Claimed { get; init; }

    public int SamplesOfPixel =>
        ColourType switch
        {
            Grey or Indexed => 1,
            GreyAlpha => 2,
            Rgb => 3,
            _ => 4,
        };

    /// <summary>The pixels that Pillow's conversion to RGB gives, by the rules of the format.</summary>
    public byte[] ToRgb() =>
        [
            .. Samples
                .Chunk(SamplesOfPixel)
                .SelectMany(pixel =>
                    ColourType switch
                    {
                        Indexed => Palette!.Skip(3 * pixel[0]).Take(3),
                        Grey or GreyAlpha => Enumerable.Repeat(Level(pixel[0]), 3),
                        _ => pixel.Take(3).Select(Level),
                    }
                ),
        ];

    private byte Level(int sample) =>
        BitDepth switch
        {
            16 when ColourType == Grey => (byte)Math.Min(sample, 255),
            16 => (byte)(sample >> 8),
            _ => (byte)(sample * 255 / ((1 << BitDepth) - 1)),
        };
}
