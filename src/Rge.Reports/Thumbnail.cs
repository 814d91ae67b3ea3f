using System.Xml.Linq;
using Rge.Imaging;
using static Rge.Reports.Html;

namespace Rge.Reports;

/// <summary>Pictures made small enough for pages with many of them.</summary>
public static class Thumbnail
{
    /// <summary>The picture of a file no larger than so many pixels on either side; its name where it cannot be shown.</summary>
    public static XElement Of(string path, int side)
    {
        var name = Path.GetFileName(path);
        try
        {
            var picture = ImageDecoder.DecodeFile(path);
            var scale = Math.Min(1, (double)side / Math.Max(picture.Width, picture.Height));
            var small = PillowResize.Bicubic(picture, Side(picture.Width), Side(picture.Height));
            byte[] png = PngEncoder.Encode(small), jpeg = JpegEncoder.Encode(small);
            return Picture(png.Length < jpeg.Length ? png : jpeg, name);

            int Side(int length) => Math.Max(1, (int)Math.Round(scale * length));
        }
        catch (ImageInputException)
        {
            return Tag("span", Class("dim"), name);
        }
    }
}
