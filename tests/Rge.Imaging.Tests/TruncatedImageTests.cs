using Rge.Tests.Shared.Images;
using SkiaSharp;

namespace Rge.Imaging.Tests;

/// <summary>
/// Files that end early show what Pillow shows where it is configured to load truncated images; by default they are refused.
/// </summary>
public sealed class TruncatedImageTests
{
    private static readonly ImageOptions Accepting = new() { Truncated = TruncatedImages.Accept };

    public static TheoryData<byte, int, bool> PngKinds()
    {
        var data = new TheoryData<byte, int, bool>();
        foreach (var interlaced in (bool[])[false, true])
        foreach (
            var (colour, depth) in (ReadOnlySpan<(byte, int)>)
                [(PngImage.Rgb, 8), (PngImage.Rgb, 16), (PngImage.Grey, 1), (PngImage.Grey, 8), (PngImage.Grey, 16), (PngImage.Indexed, 4)]
        )
            data.Add(colour, depth, interlaced);
        return data;
    }

    [Theory]
    [MemberData(nameof(PngKinds))]
    public void What_a_PNG_lacks_is_zero(byte colour, int depth, bool interlaced)
    {
        var image = Noise(colour, depth) with { Interlaced = interlaced };
        var file = PngWriter.Write(image);
        var whole = ImageDecoder.Decode(file, "whole").Pixels;
        // The colour of sample zero, which is the palette's first where there is one.
        byte[] nothing = image.Palette is { } palette ? palette[..3] : [0, 0, 0];

        var cut = file[..(file.Length / 2)];
        Assert.Contains("truncated PNG", Refused(cut), StringComparison.Ordinal);
        var shown = ImageDecoder.Decode(cut, "cut", options: Accepting).Pixels;
        var missing = Enumerable
            .Range(0, whole.Length / 3)
            .Where(i => !shown.AsSpan(i * 3, 3).SequenceEqual(whole.AsSpan(i * 3, 3)))
            .ToArray();
        Assert.InRange(missing.Length, 100, whole.Length / 3 - 100);
        Assert.All(missing, i => Assert.Equal(nothing, shown[(i * 3)..(i * 3 + 3)]));
        // Without interlacing whole rows are there, then none.
        if (!interlaced)
            Assert.True(
                missing[0] >= image.Height / 4 * image.Width
                    && shown.AsSpan(missing[0] / image.Width * image.Width * 3).IndexOfAnyExcept(nothing) < 0
            );
    }

    [Fact]
    public void A_PNG_that_lacks_its_end_alone_is_whole()
    {
        var image = Noise(PngImage.Rgb, 8);
        var file = PngWriter.Write(image);
        var whole = ImageDecoder.Decode(file, "whole").Pixels;
        foreach (var cut in (int[])[1, 8, 12, 14])
            Assert.Equal(whole, ImageDecoder.Decode(file.AsMemory(0, file.Length - cut), "cut", options: Accepting).Pixels);
    }

    [Fact]
    public void What_a_JPEG_lacks_is_grey()
    {
        const int Width = 96,
            Height = 96,
            Block = 16;
        var file = Jpeg(Width, Height);
        var whole = ImageDecoder.Decode(file, "whole").Pixels;
        var cut = file[..(file.Length / 2)];
        Assert.Contains("truncated JPEG", Refused(cut), StringComparison.Ordinal);
        var shown = ImageDecoder.Decode(cut, "cut", options: Accepting).Pixels;
        Assert.Equal(whole[..(Width * 3 * Block)], shown[..(Width * 3 * Block)]);
        Assert.All(shown[^(Width * 3 * Block)..], value => Assert.Equal(128, value));
    }

    [Fact]
    public void A_JPEG_without_its_end_marker_is_whole()
    {
        var file = Jpeg(64, 48);
        Assert.Equal(
            ImageDecoder.Decode(file, "whole").Pixels,
            ImageDecoder.Decode(file.AsMemory(0, file.Length - 2), "cut", options: Accepting).Pixels
        );
    }

    [Fact]
    public void Rows_that_a_BMP_lacks_are_black()
    {
        const int Width = 30,
            Height = 20,
            Stride = 92,
            Missing = 7;
        byte[] pixels = [.. Enumerable.Range(0, Width * Height * 3).Select(i => (byte)(1 + i % 255))];
        var file = BmpWriter.Write(Width, Height, pixels);
        var cut = file[..^(Stride * Missing - 5)];
        Assert.Contains("truncated BMP", Refused(cut), StringComparison.Ordinal);
        var shown = ImageDecoder.Decode(cut, "cut", options: Accepting).Pixels;
        // Stored from the bottom up: the row that is there in part is lost as well.
        Assert.All(shown[..(Width * 3 * Missing)], value => Assert.Equal(0, value));
        Assert.Equal(pixels[(Width * 3 * Missing)..], shown[(Width * 3 * Missing)..]);
        Assert.Equal(pixels, ImageDecoder.Decode(file.AsMemory(0, file.Length - 2), "cut", options: Accepting).Pixels);
    }

    [Theory]
    [InlineData(SKEncodedImageFormat.Webp, "truncated WebP")]
    public void Formats_that_Pillow_refuses_are_refused(SKEncodedImageFormat format, string expected)
    {
        using var bitmap = Bitmap(40, 30);
        using var encoded = bitmap.Encode(format, 80);
        var cut = encoded.ToArray()[..^20];
        Assert.Contains(
            expected,
            Assert.Throws<ImageInputException>(() => ImageDecoder.Decode(cut, "cut", options: Accepting)).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void A_file_that_ends_before_its_pixels_is_refused()
    {
        foreach (var file in (byte[][])[Jpeg(40, 30)[..200], PngWriter.Write(Noise(PngImage.Rgb, 8))[..36]])
            Assert.Throws<ImageInputException>(() => ImageDecoder.Decode(file, "cut", options: Accepting));
    }

    private static string Refused(byte[] file) => Assert.Throws<ImageInputException>(() => ImageDecoder.Decode(file, "cut")).Message;

    private static PngImage Noise(byte colour, int depth)
    {
        var random = new Random(4);
        var image = new PngImage(37, 29, depth, colour, []);
        return image with
        {
            // Never zero, so that what is missing shows.
            Samples =
            [
                .. Enumerable
                    .Range(0, 37 * 29 * image.SamplesOfPixel)
                    .Select(_ => depth == 1 ? random.Next(2) : random.Next(1, 1 << depth)),
            ],
            Palette = colour == PngImage.Indexed ? [.. Enumerable.Range(0, 48).Select(i => (byte)(i * 5 + 7))] : null,
        };
    }

    private static SKBitmap Bitmap(int width, int height)
    {
        var random = new Random(5);
        var bitmap = new SKBitmap(width, height);
        for (var y = 0; y < height; y++)
        for (var x = 0; x < width; x++)
            bitmap.SetPixel(x, y, new SKColor((byte)random.Next(256), (byte)(x * 3), (byte)(y * 3)));
        return bitmap;
    }

    private static byte[] Jpeg(int width, int height)
    {
        using var bitmap = Bitmap(width, height);
        using var encoded = bitmap.Encode(SKEncodedImageFormat.Jpeg, 85);
        return encoded.ToArray();
    }
}
