using SkiaSharp;

namespace Rge.Imaging;

/// <summary>Encodes images as PNG, without loss.</summary>
public static class PngEncoder
{
    private const int Best = 100;

    /// <summary>The bytes of a PNG file.</summary>
    public static byte[] Encode(RgbImage image)
    {
        ArgumentNullException.ThrowIfNull(image);
        using var bitmap = SkiaBitmap.FromImage(image);
        using var data = bitmap.Encode(SKEncodedImageFormat.Png, Best);
        return data.ToArray();
    }
}
