using Rge.Cli.Demo;
using Rge.Imaging;

namespace Rge.Cli.Tests;

public sealed class HalfBlocksTests
{
    [Fact]
    public void A_character_is_two_means_of_pixels()
    {
        // 4×4: the upper left quarter red with one black pixel of four, the lower left one blue, the right half white.
        var pixels = new byte[4 * 4 * 3];
        for (var y = 0; y < 4; y++)
        for (var x = 0; x < 4; x++)
            (
                (byte[])(
                    x >= 2 ? [255, 255, 255]
                    : y >= 2 ? [0, 0, 255]
                    : (x, y) == (0, 0) ? [0, 0, 0]
                    : [200, 0, 0]
                )
            ).CopyTo(pixels, (y * 4 + x) * 3);
        Assert.Equal("[#960000 on #0000ff]▀[/][#ffffff on #ffffff]▀[/]", HalfBlocks.Markup(new RgbImage(4, 4, pixels), columns: 2));
    }

    [Fact]
    public void A_small_image_is_enlarged() =>
        Assert.Equal(4, HalfBlocks.Markup(new RgbImage(2, 2, [9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9]), columns: 8).Split('\n').Length);
}
