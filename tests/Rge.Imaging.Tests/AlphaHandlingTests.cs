using System.Runtime.InteropServices;
using SkiaSharp;

namespace Rge.Imaging.Tests;

public sealed class AlphaHandlingTests
{
    private static readonly byte[] Rgba = [200, 100, 0, 128, 10, 20, 30, 0, 40, 50, 60, 255];

    [Fact]
    public void Colours_under_transparency_show_unless_white_is_asked_for()
    {
        var png = Encode(SKEncodedImageFormat.Png);
        Assert.Equal([200, 100, 0, 10, 20, 30, 40, 50, 60], ImageDecoder.Decode(png, "a.png").Pixels);
        // (200 · 128 + 255 · 127) / 255 = 227.4, and so on.
        Assert.Equal([227, 177, 127, 255, 255, 255, 40, 50, 60], OverWhite(png));
    }

    [Fact]
    public void Formats_without_alpha_stay_as_they_are()
    {
        var jpeg = Encode(SKEncodedImageFormat.Jpeg);
        Assert.Equal(ImageDecoder.Decode(jpeg, "a.jpg").Pixels, OverWhite(jpeg));
    }

    [Fact]
    public void Every_blend_is_within_half_a_level_of_the_exact_one()
    {
        for (var alpha = 0; alpha < 256; alpha += 15)
        {
            var pixels = Enumerable
                .Range(0, 256)
                .SelectMany(level => (byte[])[(byte)level, (byte)level, (byte)level, (byte)alpha])
                .ToArray();
            var blended = OverWhite(Encode(SKEncodedImageFormat.Png, pixels));
            for (var level = 0; level < 256; level++)
                Assert.InRange(blended[level * 3] - (level * alpha + 255 * (255 - alpha)) / 255.0, -0.5, 0.5);
        }
    }

    private static byte[] OverWhite(byte[] encoded) =>
        ImageDecoder.Decode(encoded, "image", options: new ImageOptions { Alpha = AlphaHandling.OverWhite }).Pixels;

    private static byte[] Encode(SKEncodedImageFormat format, byte[]? rgba = null)
    {
        rgba ??= Rgba;
        using var bitmap = new SKBitmap(new SKImageInfo(rgba.Length / 4, 1, SKColorType.Rgba8888, SKAlphaType.Unpremul));
        Marshal.Copy(rgba, 0, bitmap.GetPixels(), rgba.Length);
        using var data = bitmap.Encode(format, 100);
        return data.ToArray();
    }
}
