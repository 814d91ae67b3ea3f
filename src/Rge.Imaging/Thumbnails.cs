namespace Rge.Imaging;

/// <summary>Images made small, for pages and terminals. Stateless and thread-safe.</summary>
public static class Thumbnails
{
    /// <summary>The image, no larger than so many pixels on either side; a small one keeps its size.</summary>
    /// <param name="image">The image.</param>
    /// <param name="side">Pixels of the longer side at most.</param>
    public static RgbImage Fit(RgbImage image, int side)
    {
        ArgumentNullException.ThrowIfNull(image);
        ArgumentOutOfRangeException.ThrowIfLessThan(side, 1);
        var scale = Math.Min(1, (double)side / Math.Max(image.Width, image.Height));
        return PillowResize.Bicubic(image, Scaled(image.Width), Scaled(image.Height));

        int Scaled(int length) => Math.Max(1, (int)Math.Round(scale * length));
    }

    /// <summary>The image in another size, each pixel the mean of those that fall into its place; where none does, the nearest.</summary>
    /// <param name="image">The image.</param>
    /// <param name="width">Pixels in a row.</param>
    /// <param name="height">Rows.</param>
    public static RgbImage Average(RgbImage image, int width, int height)
    {
        ArgumentNullException.ThrowIfNull(image);
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        var pixels = new byte[width * height * RgbImage.Channels];
        for (var row = 0; row < height; row++)
            for (var column = 0; column < width; column++)
                Mean(image, Part(column, width, image.Width), Part(row, height, image.Height), pixels.AsSpan((row * width + column) * RgbImage.Channels));
        return new RgbImage(width, height, pixels);
    }

    /// <summary>The image as a file: PNG or JPEG, whichever is smaller.</summary>
    public static byte[] Encode(RgbImage image)
    {
        byte[] png = PngEncoder.Encode(image), jpeg = JpegEncoder.Encode(image);
        return png.Length < jpeg.Length ? png : jpeg;
    }

    private static void Mean(RgbImage image, Range columns, Range rows, Span<byte> mean)
    {
        Span<long> sums = stackalloc long[RgbImage.Channels];
        sums.Clear();
        var (left, width) = columns.GetOffsetAndLength(image.Width);
        var (top, height) = rows.GetOffsetAndLength(image.Height);
        for (var y = top; y < top + height; y++)
            for (var x = left; x < left + width; x++)
                for (var channel = 0; channel < RgbImage.Channels; channel++)
                    sums[channel] += image.Pixels[(y * image.Width + x) * RgbImage.Channels + channel];
        for (var channel = 0; channel < RgbImage.Channels; channel++) mean[channel] = (byte)(sums[channel] / (width * height));
    }

    /// <summary>One of so many equal parts of a length, at least one pixel of it.</summary>
    private static Range Part(int index, int count, int length)
    {
        var start = Math.Min(index * length / count, length - 1);
        return start..Math.Max(start + 1, (index + 1) * length / count);
    }
}
