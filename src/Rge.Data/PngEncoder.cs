using Rge.Models.Vision;
using SkiaSharp;

namespace Rge.Data;

/// <summary>Encodes pictures as PNG, without loss.</summary>
public static class PngEncoder
{
    private const int Best = 100;

    /// <summary>The bytes of a PNG file.</summary>
    public static byte[] Encode(RgbImage image) => Encode(image, SKEncodedImageFormat.Png, Best);

    internal static byte[] Encode(RgbImage image, SKEncodedImageFormat format, int quality)
    {
        ArgumentNullException.ThrowIfNull(image);
        using var bitmap = new SKBitmap(new SKImageInfo(image.Width, image.Height, SKColorType.Rgba8888, SKAlphaType.Opaque));
        var target = bitmap.GetPixelSpan();
        for (var i = 0; i < image.Width * image.Height; i++)
        {
            image.Pixels.AsSpan(i * RgbImage.Channels, RgbImage.Channels).CopyTo(target[(i * 4)..]);
            target[i * 4 + 3] = byte.MaxValue;
        }
        using var data = bitmap.Encode(format, quality);
        return data.ToArray();
    }
}
