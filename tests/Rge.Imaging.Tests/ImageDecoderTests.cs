using CsCheck;
using Rge.Tests.Shared.Images;

namespace Rge.Imaging.Tests;

public sealed class ImageDecoderTests
{
    public static TheoryData<string> PillowImages => [.. PillowReference.Read().Images.Select(p => p.Name)];

    [Theory, MemberData(nameof(PillowImages))]
    public void Pixels_equal_those_of_Pillow(string name)
    {
        var expected = PillowReference.Read().Images.Single(p => p.Name == name);
        var image = ImageDecoder.Decode(expected.File, name, options: new ImageOptions { ExifOrientation = expected.Upright });
        Assert.Equal((expected.Width, expected.Height, name), (image.Width, image.Height, image.Name));
        Assert.Equal(expected.Rgb, image.Pixels);
    }

    [Theory]
    [InlineData(PngImage.Grey, 1), InlineData(PngImage.Grey, 2), InlineData(PngImage.Grey, 4), InlineData(PngImage.Grey, 8)]
    [InlineData(PngImage.Grey, 16)]
    [InlineData(PngImage.Rgb, 8), InlineData(PngImage.Rgb, 16), InlineData(PngImage.GreyAlpha, 8), InlineData(PngImage.GreyAlpha, 16)]
    [InlineData(PngImage.Rgba, 8), InlineData(PngImage.Rgba, 16)]
    [InlineData(PngImage.Indexed, 1), InlineData(PngImage.Indexed, 2), InlineData(PngImage.Indexed, 4), InlineData(PngImage.Indexed, 8)]
    public void Png_of_every_colour_type_and_depth(byte colourType, int bitDepth) =>
        Pngs(colourType, bitDepth)
            .Sample(
                png =>
                {
                    var image = ImageDecoder.Decode(PngWriter.Write(png), "image");
                    Assert.Equal((png.Width, png.Height), (image.Width, image.Height));
                    Assert.Equal(png.ToRgb(), image.Pixels);
                },
                iter: 40
            );

    [Fact]
    public void Gif_with_or_without_transparency_and_uncovered_screen()
    {
        var gifs =
            from width in Gen.Int[1, 20]
            from height in Gen.Int[1, 20]
            from indices in Gen.Byte[0, 15].Array[width * height]
            from palettes in Gen.Byte.Array[48].Array[2]
            from local in Gen.Bool
            from transparent in Gen.Byte[0, 15].Nullable()
            from extra in Gen.Int[0, 5].Array[4]
            select new GifImage(width, height, indices, palettes[0])
            {
                LocalPalette = local ? palettes[1] : null,
                Transparent = transparent,
                ScreenWidth = width + extra[0] + extra[1],
                ScreenHeight = height + extra[2] + extra[3],
                X = extra[0],
                Y = extra[2],
            };
        gifs.Sample(
            gif =>
            {
                var image = ImageDecoder.Decode(GifWriter.Write(gif), "image");
                Assert.Equal((gif.ScreenWidth, gif.ScreenHeight), (image.Width, image.Height));
                Assert.Equal(gif.ToRgb(), image.Pixels);
            },
            iter: 200
        );
    }

    [Fact]
    public void Bmp_of_24_bits()
    {
        byte[] pixels = [.. Enumerable.Range(0, 5 * 3 * 3).Select(i => (byte)(i * 5))];
        Assert.Equal(pixels, ImageDecoder.Decode(BmpWriter.Write(5, 3, pixels), "image").Pixels);
    }

    [Fact]
    public void Enormous_image_in_a_small_file_is_refused_by_its_header()
    {
        var bomb = PngWriter.Write(new PngImage(1, 1, 8, PngImage.Rgb, [1, 2, 3]) { Claimed = (60_000, 60_000) });
        var before = GC.GetAllocatedBytesForCurrentThread();
        var error = Assert.Throws<ImageInputException>(() => ImageDecoder.Decode(bomb, "bomb.png"));
        Assert.Equal("bomb.png has 60000×60000 = 3600000000 pixels, expected at most 209715200.", error.Message);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 20);
    }

    [Fact]
    public void Limits_hold_to_the_pixel_and_the_byte()
    {
        var bytes = PngWriter.Write(new PngImage(6, 4, 8, PngImage.Grey, new int[24]));
        var limits = new ImageLimits
        {
            MaxBytes = bytes.Length,
            MaxPixels = 24,
            MaxSide = 6,
        };
        Assert.Equal(24 * 3, ImageDecoder.Decode(bytes, "image", limits).Pixels.Length);
        ImageLimits[] tooLow = [limits with { MaxBytes = bytes.Length - 1 }, limits with { MaxPixels = 23 }, limits with { MaxSide = 5 }];
        foreach (var low in tooLow)
            Assert.Throws<ImageInputException>(() => ImageDecoder.Decode(bytes, "image", low));
        Assert.Throws<ArgumentOutOfRangeException>(() => limits with { MaxPixels = 0 });
    }

    [Theory]
    [InlineData(""), InlineData("GIF"), InlineData("II*\0"), InlineData("RIFF\0\0\0\0WAVE")]
    [InlineData("%PDF-1.7"), InlineData("<svg/>"), InlineData("\0\0\u0001\0")]
    public void Other_formats_are_refused(string start)
    {
        var error = Assert.Throws<ImageInputException>(() => ImageDecoder.Decode(System.Text.Encoding.Latin1.GetBytes(start), "a.bin"));
        Assert.Contains("expected PNG, JPEG, WebP, GIF or BMP", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Truncated_images_of_every_format_are_refused()
    {
        foreach (var image in PillowReference.Read().Images.Where(p => !p.Name.StartsWith("animated", StringComparison.Ordinal)))
        {
            var start = image.File[..(image.File.Length * 3 / 4)];
            var error = Assert.Throws<ImageInputException>(() => ImageDecoder.Decode(start, image.Name));
            Assert.StartsWith(image.Name, error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Files_that_cannot_be_read()
    {
        var folder = Directory.CreateTempSubdirectory();
        try
        {
            var path = Path.Combine(folder.FullName, "picture.bmp");
            Assert.Contains(
                path,
                Assert.Throws<ImageInputException>(() => ImageDecoder.DecodeFile(path)).Message,
                StringComparison.Ordinal
            );
            Assert.Throws<ImageInputException>(() => ImageDecoder.DecodeFile(folder.FullName));
            File.WriteAllBytes(path, BmpWriter.Write(2, 2, new byte[12]));
            Assert.Equal(path, ImageDecoder.DecodeFile(path).Name);
            Assert.Throws<ImageInputException>(() => ImageDecoder.DecodeFile(path, new ImageLimits { MaxBytes = 40 }));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static Gen<PngImage> Pngs(byte colourType, int bitDepth) =>
        from width in Gen.Int[1, 21]
        from height in Gen.Int[1, 21]
        let empty = new PngImage(width, height, bitDepth, colourType, [])
        from samples in Gen.Frequency((3, Gen.Int[0, (1 << bitDepth) - 1]), (1, Gen.Int[0, 1])).Array[width * height * empty.SamplesOfPixel]
        from interlaced in Gen.Bool
        from palette in Gen.Byte.Array[3 << Math.Min(bitDepth, 8)]
        from alpha in Gen.Byte.Array[1 << Math.Min(bitDepth, 8)]
        from transparency in Gen.Bool
        select empty with
        {
            Samples = samples,
            Interlaced = interlaced,
            Palette = colourType == PngImage.Indexed ? palette : null,
            Transparency = !transparency
                ? null
                : colourType switch
                {
                    PngImage.Indexed => alpha,
                    PngImage.Grey or PngImage.Rgb =>
                    [
                        .. samples[..empty.SamplesOfPixel].SelectMany(s => (byte[])[(byte)(s >> 8), (byte)s]),
                    ],
                    _ => null,
                },
        };
}
