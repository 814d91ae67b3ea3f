namespace Rge.Imaging;

/// <summary>An image of 8 bits a channel in memory. Immutable by convention; holds no native memory.</summary>
public sealed class RgbImage
{
    /// <summary>Bytes of one pixel.</summary>
    public const int Channels = 3;

    /// <summary>Wraps pixels that were made elsewhere.</summary>
    /// <param name="width">Pixels in a row, at least 1.</param>
    /// <param name="height">Rows, at least 1.</param>
    /// <param name="pixels">Red, green, blue, from the top left, row by row without padding: <c>[height, width, 3]</c>. Not copied.</param>
    /// <exception cref="ArgumentException">A side is below 1, or the length is not height · width · 3.</exception>
    public RgbImage(int width, int height, byte[] pixels)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        ArgumentNullException.ThrowIfNull(pixels);
        if (pixels.Length != (long)width * height * Channels)
            throw new ArgumentException($"{pixels.Length} bytes were given for {width}×{height} RGB pixels.", nameof(pixels));
        Width = width;
        Height = height;
        Pixels = pixels;
    }

    /// <summary>Pixels in a row.</summary>
    public int Width { get; }

    /// <summary>Rows.</summary>
    public int Height { get; }

    /// <summary>Row-major <c>[Height, Width, 3]</c>.</summary>
    public byte[] Pixels { get; }

    /// <summary>Name of the image in errors: a file name or an address.</summary>
    public string Name { get; init; } = "The image";
}
