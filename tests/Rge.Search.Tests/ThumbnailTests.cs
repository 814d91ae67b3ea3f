using Rge.Imaging;
using Rge.Search.Indexing;

namespace Rge.Search.Tests;

public sealed class ThumbnailTests
{
    [Theory]
    [InlineData(10, 20, 10, 20)]
    [InlineData(320, 320, 320, 320)]
    [InlineData(4000, 3000, 320, 240)]
    [InlineData(2000, 3, 320, 1)]
    [InlineData(1, 1, 1, 1)]
    public void An_image_keeps_its_shape_and_colour(int width, int height, int expectedWidth, int expectedHeight)
    {
        var pixels = new byte[width * height * 3];
        for (var i = 0; i < pixels.Length; i += 3)
            (pixels[i], pixels[i + 1], pixels[i + 2]) = (200, 40, 90);
        var small = ImageDecoder.Decode(Thumbnail.Jpeg(new RgbImage(width, height, pixels)), "thumbnail");
        Assert.Equal((expectedWidth, expectedHeight), (small.Width, small.Height));
        Assert.InRange(small.Pixels[0], 195, 205);
        Assert.InRange(small.Pixels[1], 35, 45);
        Assert.InRange(small.Pixels[2], 85, 95);
    }
}
