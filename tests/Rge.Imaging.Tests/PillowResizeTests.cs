using CsCheck;

namespace Rge.Imaging.Tests;

public sealed class PillowResizeTests
{
    private static readonly Gen<(int Width, int Height)> Sizes = Gen.Int[1, 70].Select(Gen.Int[1, 70]);

    [Fact]
    public void Pixels_equal_those_of_Pillow()
    {
        var reference = PillowReference.Read().Resize;
        var source = new RgbImage(reference.Width, reference.Height, reference.Rgb);
        foreach (var expected in reference.To)
            Assert.Equal(expected.Rgb, PillowResize.Bicubic(source, expected.Width, expected.Height).Pixels);
    }

    [Fact]
    public void Same_size_gives_the_image_itself()
    {
        var image = new RgbImage(2, 1, [1, 2, 3, 4, 5, 6]);
        Assert.Same(image, PillowResize.Bicubic(image, 2, 1));
    }

    [Fact]
    public void One_colour_stays_that_colour() =>
        Gen.Select(Sizes, Sizes, Gen.Byte.Array[3])
            .Sample(
                (from, to, colour) =>
                {
                    var image = new RgbImage(from.Width, from.Height, Repeat(colour, from.Width * from.Height));
                    Assert.Equal(Repeat(colour, to.Width * to.Height), PillowResize.Bicubic(image, to.Width, to.Height).Pixels);
                },
                iter: 200
            );

    [Fact]
    public void Mirrored_image_gives_the_mirrored_result() =>
        Gen.Select(Images, Sizes)
            .Sample(
                (image, size) =>
                {
                    var expected = Mirror(PillowResize.Bicubic(image, size.Width, size.Height));
                    var mirrored = PillowResize.Bicubic(Mirror(image), size.Width, size.Height);
                    // The two differ where a sum falls on the other side of a half, by one level in each pass.
                    Assert.All(expected.Pixels.Zip(mirrored.Pixels), pair => Assert.InRange(pair.First - pair.Second, -2, 2));
                },
                iter: 100
            );

    [Fact]
    public void Channels_do_not_mix() =>
        Gen.Select(Images, Sizes)
            .Sample(
                (image, size) =>
                {
                    var grey = new RgbImage(
                        image.Width,
                        image.Height,
                        [.. image.Pixels.Chunk(3).SelectMany(p => Enumerable.Repeat(p[1], 3))]
                    );
                    var (expected, whole) = (
                        PillowResize.Bicubic(grey, size.Width, size.Height),
                        PillowResize.Bicubic(image, size.Width, size.Height)
                    );
                    Assert.Equal(expected.Pixels.Chunk(3).Select(p => p[0]), whole.Pixels.Chunk(3).Select(p => p[1]));
                },
                iter: 100
            );

    private static Gen<RgbImage> Images =>
        from size in Sizes
        from pixels in Gen.Byte.Array[size.Width * size.Height * 3]
        select new RgbImage(size.Width, size.Height, pixels);

    private static byte[] Repeat(byte[] colour, int pixels) => [.. Enumerable.Repeat(colour, pixels).SelectMany(c => c)];

    private static RgbImage Mirror(RgbImage image) =>
        new(
            image.Width,
            image.Height,
            [.. image.Pixels.Chunk(image.Width * 3).SelectMany(row => row.Chunk(3).Reverse()).SelectMany(p => p)]
        );
}
