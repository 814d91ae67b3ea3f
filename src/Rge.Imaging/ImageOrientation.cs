using SkiaSharp;
using static SkiaSharp.SKEncodedOrigin;

namespace Rge.Imaging;

/// <summary>The eight orientations of EXIF.</summary>
internal static class ImageOrientation
{
    /// <summary>Turns stored pixels upright. Origin names the corner of the upright image where the stored one begins.</summary>
    public static RgbImage Apply(RgbImage stored, SKEncodedOrigin origin)
    {
        if (origin == TopLeft)
            return stored;
        var transposed = origin is LeftTop or RightTop or RightBottom or LeftBottom;
        var fromRight = origin is TopRight or BottomRight or RightTop or RightBottom;
        var fromBottom = origin is BottomRight or BottomLeft or RightBottom or LeftBottom;
        var (width, height) = transposed ? (stored.Height, stored.Width) : (stored.Width, stored.Height);
        var pixels = GC.AllocateUninitializedArray<byte>(stored.Pixels.Length);
        for (var y = 0; y < height; y++)
        for (var x = 0; x < width; x++)
        {
            var (column, row) = (fromRight ? width - 1 - x : x, fromBottom ? height - 1 - y : y);
            var from = transposed ? column * stored.Width + row : row * stored.Width + column;
            stored.Pixels.AsSpan(from * RgbImage.Channels, RgbImage.Channels).CopyTo(pixels.AsSpan((y * width + x) * RgbImage.Channels));
        }
        return new RgbImage(width, height, pixels) { Name = stored.Name };
    }
}
