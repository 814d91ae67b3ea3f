using Rge.Models.Vision;
using SkiaSharp;

namespace Rge.Data;

/// <summary>Encodes pictures as JPEG, for pages: small, with loss.</summary>
public static class JpegEncoder
{
    /// <summary>The bytes of a JPEG file.</summary>
    /// <param name="image">The picture.</param>
    /// <param name="quality">0 to 100.</param>
    public static byte[] Encode(RgbImage image, int quality = 85)
    {
        ArgumentNullException.ThrowIfNull(image);
        using var bitmap = SkiaBitmap.Of(image);
        using var data = bitmap.Encode(SKEncodedImageFormat.Jpeg, quality);
        return data.ToArray();
    }
}
