using Microsoft.Extensions.AI;
using Rge.Imaging;

namespace Rge.Oracle;

/// <summary>
/// Encodes images for an endpoint: the pixels that the trained model sees (first frame, turned by EXIF only where that is asked for), made
/// smaller where they are larger than asked for; small ones as PNG, others as JPEG.
/// </summary>
internal static class OracleImage
{
    private const int LosslessPixels = 1 << 16;

    /// <exception cref="Imaging.ImageInputException">The image cannot be used.</exception>
    public static DataContent Encode(ImageSource source, OracleSettings settings)
    {
        var image = Thumbnails.Fit(source.Decode(options: settings.Images), settings.LongestSide);
        return image.Width * image.Height <= LosslessPixels
            ? new DataContent(PngEncoder.Encode(image), "image/png")
            : new DataContent(JpegEncoder.Encode(image), "image/jpeg");
    }
}
