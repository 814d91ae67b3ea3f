using SkiaSharp;

namespace Rge.Imaging;

/// <summary>Encodes images as JPEG: photographs in a tenth of what PNG takes.</summary>
public static class JpegEncoder
{
    /// <summary>The bytes of a JPEG file.</summary>
    /// <param name="image">The image.</param>
    /// <param name="quality">1 to 100.</param>
    public static byte[] Encode(RgbImage image, int quality = 90)
    {
        ArgumentNullException.ThrowIfNull(image);
        ArgumentOutOfRangeException.ThrowIfLessThan(quality, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(quality, 100);
        using var bitmap = SkiaBitmap.FromImage(image);
        using var data = bitmap.Encode(SKEncodedImageFormat.Jpeg, quality);
        return data.ToArray();
    }
}
