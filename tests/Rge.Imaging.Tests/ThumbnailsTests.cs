namespace Rge.Imaging.Tests;

public sealed class ThumbnailsTests
{
    [Theory]
    [InlineData(400, 200, 100, 100, 50)]
    [InlineData(200, 400, 100, 50, 100)]
    [InlineData(1000, 2, 100, 100, 1)]
    [InlineData(60, 40, 100, 60, 40)]
    public void An_image_fits_and_is_not_enlarged(int width, int height, int side, int expectedWidth, int expectedHeight)
    {
        var small = Thumbnails.Fit(Plain(width, height), side);
        Assert.Equal((expectedWidth, expectedHeight), (small.Width, small.Height));
    }

    [Fact]
    public void A_pixel_is_the_mean_of_those_in_its_place()
    {
        var image = new RgbImage(4, 1, [10, 0, 0, 20, 0, 0, 0, 0, 100, 0, 0, 101]);
        Assert.Equal([15, 0, 0, 0, 0, 100], Thumbnails.Average(image, 2, 1).Pixels);
        byte[] doubled = [10, 0, 0, 10, 0, 0, 20, 0, 0, 20, 0, 0, 0, 0, 100, 0, 0, 100, 0, 0, 101, 0, 0, 101];
        Assert.Equal([.. doubled, .. doubled], Thumbnails.Average(image, 8, 2).Pixels);
    }

    [Fact]
    public void The_smaller_file_is_taken()
    {
        var noise = new byte[64 * 64 * 3];
        new Random(1).NextBytes(noise);
        // A plain area is smaller as PNG, noise as JPEG.
        Assert.Equal(0x89, Thumbnails.Encode(Plain(64, 64))[0]);
        Assert.Equal(0xFF, Thumbnails.Encode(new RgbImage(64, 64, noise))[0]);
    }

    private static RgbImage Plain(int width, int height) => new(width, height, new byte[width * height * 3]);
}
