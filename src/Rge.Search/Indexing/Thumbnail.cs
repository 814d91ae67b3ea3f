using Rge.Imaging;

namespace Rge.Search.Indexing;

/// <summary>Makes images small, to be shown in lists.</summary>
internal static class Thumbnail
{
    /// <summary>The longest side in pixels.</summary>
    public const int MaxSide = 320;

    private const int Quality = 80;

    /// <summary>A JPEG of the image, at most <see cref="MaxSide"/> pixels wide and high.</summary>
    public static byte[] Jpeg(RgbImage image) => JpegEncoder.Encode(Thumbnails.Fit(image, MaxSide), Quality);
}
