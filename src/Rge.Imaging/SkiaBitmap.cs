using SkiaSharp;

namespace Rge.Imaging;

/// <summary>Images as the library that encodes them has them.</summary>
internal static class SkiaBitmap
{
    /// <summary>A copy of an image; the caller disposes it.</summary>
    public static SKBitmap FromImage(RgbImage image)
    {
        var bitmap = new SKBitmap(new SKImageInfo(image.Width, image.Height, SKColorType.Rgba8888, SKAlphaType.Opaque));
        var target = bitmap.GetPixelSpan();
        for (var i = 0; i < image.Width * image.Height; i++)
        {
            image.Pixels.AsSpan(i * RgbImage.Channels, RgbImage.Channels).CopyTo(target[(i * 4)..]);
            target[i * 4 + 3] = byte.MaxValue;
        }
        return bitmap;
    }
}
