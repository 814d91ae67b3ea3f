using SkiaSharp;

namespace Rge.Imaging.Tests;

public sealed class ImageOrientationTests
{
    [Theory]
    // The upright image is 1 2 3 over 4 5 6; each row lists how a camera held that way stored it.
    [InlineData(SKEncodedOrigin.TopLeft, 3, 1, 2, 3, 4, 5, 6)]
    [InlineData(SKEncodedOrigin.TopRight, 3, 3, 2, 1, 6, 5, 4)]
    [InlineData(SKEncodedOrigin.BottomRight, 3, 6, 5, 4, 3, 2, 1)]
    [InlineData(SKEncodedOrigin.BottomLeft, 3, 4, 5, 6, 1, 2, 3)]
    [InlineData(SKEncodedOrigin.LeftTop, 2, 1, 4, 2, 5, 3, 6)]
    [InlineData(SKEncodedOrigin.RightTop, 2, 3, 6, 2, 5, 1, 4)]
    [InlineData(SKEncodedOrigin.RightBottom, 2, 6, 3, 5, 2, 4, 1)]
    [InlineData(SKEncodedOrigin.LeftBottom, 2, 4, 1, 5, 2, 6, 3)]
    public void Stored_pixels_are_turned_upright(SKEncodedOrigin origin, int width, params int[] stored)
    {
        byte[] pixels = [.. stored.SelectMany(v => Enumerable.Repeat((byte)v, 3))];
        var upright = ImageOrientation.Apply(new RgbImage(width, 6 / width, pixels), origin);
        Assert.Equal((3, 2), (upright.Width, upright.Height));
        Assert.Equal([1, 2, 3, 4, 5, 6], upright.Pixels.Chunk(3).Select(p => (int)p[0]));
    }
}
