using SkiaSharp;

namespace Rge.Imaging.Tests;

/// <summary>Whose word counts about the areas of images, and that no number of a file gets past the bounds.</summary>
public sealed class ImageOptionsTests
{
    private static readonly ImageProcessorConfig Qwen2 = new() { MinPixels = 56 * 56 };
    private static readonly ImageProcessorConfig Qwen3 = new() { MinPixels = 256 * 256, PatchSize = 16 };

    [Fact]
    public void A_stock_limit_is_not_a_choice()
    {
        Assert.Equal(1024 * 28 * 28, (Qwen2 with { MaxPixels = 12_845_056 }).With(new ImageOptions()).MaxPixels);
        Assert.Equal(1024 * 32 * 32, (Qwen3 with { MaxPixels = 16_777_216 }).With(new ImageOptions()).MaxPixels);
        Assert.Equal(1024 * 32 * 32, (Qwen3 with { MaxPixels = 12_845_056 }).With(new ImageOptions()).MaxPixels);
    }

    [Theory]
    [InlineData(1_003_520)]
    [InlineData(12_845_055)]
    [InlineData(2_000_000)]
    public void Any_other_limit_is_kept(int maxPixels) =>
        Assert.Equal(maxPixels, (Qwen2 with { MaxPixels = maxPixels }).With(new ImageOptions()).MaxPixels);

    [Fact]
    public void What_is_given_counts_before_the_file()
    {
        var stock = Qwen2 with { MaxPixels = 12_845_056 };
        Assert.Equal(12_845_056, stock.With(new ImageOptions { MaxPixels = 12_845_056 }).MaxPixels);
        Assert.Equal((5000, 90_000), Areas(stock.With(new ImageOptions { MinPixels = 5000, MaxPixels = 90_000 })));
        // A smallest area of the file gives way to a largest that is given.
        Assert.Equal((2000, 2000), Areas(stock.With(new ImageOptions { MaxPixels = 2000 })));
        Assert.Contains(
            "--max-pixels",
            Assert.Throws<CheckpointException>(() => stock.With(new ImageOptions { MinPixels = 900_000 })).Message,
            StringComparison.Ordinal
        );
        Assert.Throws<ArgumentOutOfRangeException>(() => new ImageOptions { MaxPixels = 0 });

        static (int, int) Areas(ImageProcessorConfig config) => (config.MinPixels, config.MaxPixels);
    }

    [Theory]
    [InlineData(12)]
    [InlineData(48)]
    [InlineData(108)]
    [InlineData(200)]
    public void A_photograph_of_a_phone_is_read_and_becomes_1024_tokens_at_most(int megapixels)
    {
        var (width, height) = ((int)Math.Sqrt(megapixels * 1e6 * 4 / 3), (int)Math.Sqrt(megapixels * 1e6 * 3 / 4));
        var image = ImageDecoder.Decode(
            GreyJpeg(width, height),
            "photo.jpg",
            options: new ImageOptions { Truncated = TruncatedImages.Accept }
        );
        Assert.Equal((width, height), (image.Width, image.Height));
        var patches = new ImageProcessor((Qwen2 with { MaxPixels = 12_845_056 }).With(ImageOptions.Default)).Process(image);
        Assert.InRange(patches.Grid.MergedPatches(2), 900, 1024);
    }

    [Fact]
    public void Exif_orientation_counts_where_it_is_asked_for()
    {
        var file = WithOrientation(GreyJpeg(40, 24), orientation: 6);
        Assert.Equal((40, 24), Size(new ImageOptions { Truncated = TruncatedImages.Accept }));
        Assert.Equal((24, 40), Size(new ImageOptions { Truncated = TruncatedImages.Accept, ExifOrientation = true }));

        (int, int) Size(ImageOptions options) =>
            ImageDecoder.Decode(file, "photo.jpg", options: options) is var image ? (image.Width, image.Height) : default;
    }

    [Fact]
    public void More_tokens_than_there_is_room_for_are_refused_before_resizing()
    {
        var processor = new ImageProcessor(Qwen2 with { MaxPixels = int.MaxValue });
        var image = new RgbImage(2800, 2800, new byte[2800 * 2800 * 3]) { Name = "large.png" };
        var before = GC.GetAllocatedBytesForCurrentThread();
        var error = Assert.Throws<ImageInputException>(() => processor.Process(image, maxTokens: 8192));
        Assert.Equal(
            "large.png (2800×2800 pixels): It would take 10000 image tokens, expected at most 8192: give a lower largest area "
                + "(--max-pixels).",
            error.Message
        );
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 20);
    }

    [Fact]
    public void Areas_that_overflow_are_refused_with_a_sentence()
    {
        var processor = new ImageProcessor(Qwen2 with { MinPixels = int.MaxValue, MaxPixels = int.MaxValue });
        var error = Assert.Throws<ImageInputException>(() => processor.Process(new RgbImage(64, 64, new byte[64 * 64 * 3])));
        Assert.Contains("no model reads", error.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => new ImageProcessor(Qwen2 with { PatchSize = 256, MergeSize = 16 }));
    }

    /// <summary>A JPEG whose header claims a size that its data does not reach: the rest is grey.</summary>
    private static byte[] GreyJpeg(int width, int height)
    {
        using var bitmap = new SKBitmap(16, 16);
        using var encoded = bitmap.Encode(SKEncodedImageFormat.Jpeg, 80);
        var file = encoded.ToArray();
        var frame = file.AsSpan().IndexOf((ReadOnlySpan<byte>)[0xFF, 0xC0]);
        (file[frame + 5], file[frame + 6], file[frame + 7], file[frame + 8]) = (
            (byte)(height >> 8),
            (byte)height,
            (byte)(width >> 8),
            (byte)width
        );
        return file;
    }

    private static byte[] WithOrientation(byte[] jpeg, byte orientation)
    {
        byte[] exif = [.. "Exif\0\0MM\0*\0\0\0\b\0\u0001\u0001\u0012\0\u0003\0\0\0\u0001\0"u8, orientation, 0, 0, 0, 0, 0, 0];
        return [0xFF, 0xD8, 0xFF, 0xE1, (byte)((exif.Length + 2) >> 8), (byte)(exif.Length + 2), .. exif, .. jpeg.AsSpan(2)];
    }
}
