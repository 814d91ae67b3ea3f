using Rge.Imaging;
using SkiaSharp;

namespace Rge.Search.Indexing;

/// <summary>Makes images small, to be shown in lists.</summary>
internal static class Thumbnail
{
    /// <summary>The longest side in pixels.</summary>
    public const int MaxSide = 320;

    private const int Quality = 80;

    /// <summary>A JPEG of the image, at most <see cref="MaxSide"/> pixels wide and high.</summary>
    public static byte[] Jpeg(RgbImage image)
    {
        // Large images are thinned out first, to at least twice the size, so that no second copy of them is needed.
        var step = Math.Max(1, Math.Max(image.Width, image.Height) / (2 * MaxSide));
        using var bitmap = Thinned(image, step);
        var scale = Math.Min(1, MaxSide / (double)Math.Max(bitmap.Width, bitmap.Height));
        var size = new SKSizeI(Math.Max(1, (int)Math.Round(bitmap.Width * scale)), Math.Max(1, (int)Math.Round(bitmap.Height * scale)));
        using var small = bitmap.Resize(size, new SKSamplingOptions(SKFilterMode.Linear, SKMipmapMode.Linear));
        using var data = small.Encode(SKEncodedImageFormat.Jpeg, Quality);
        return data.ToArray();
    }

    private static SKBitmap Thinned(RgbImage image, int step)
    {
        var (width, height) = ((image.Width + step - 1) / step, (image.Height + step - 1) / step);
        var bitmap = new SKBitmap(new SKImageInfo(width, height, SKColorType.Rgba8888, SKAlphaType.Opaque));
        var target = bitmap.GetPixelSpan();
        for (var y = 0; y < height; y++)
        {
            for (var x = 0; x < width; x++)
            {
                var (from, to) = ((y * step * image.Width + x * step) * RgbImage.Channels, (y * width + x) * 4);
                image.Pixels.AsSpan(from, RgbImage.Channels).CopyTo(target[to..]);
                target[to + 3] = byte.MaxValue;
            }
        }
        return bitmap;
    }
}
