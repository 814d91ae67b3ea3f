using System.Text;
using Rge.Imaging;

namespace Rge.Cli.Demo;

/// <summary>An image in a terminal: half blocks, so that one character is two pixels.</summary>
internal static class HalfBlocks
{
    /// <summary>The image as lines of Spectre markup.</summary>
    public static string Markup(RgbImage image, int columns)
    {
        var rows = Math.Max(1, columns * image.Height / image.Width / 2);
        var small = Thumbnails.Average(image, columns, 2 * rows);
        var text = new StringBuilder();
        for (var row = 0; row < rows; row++)
        {
            if (row > 0) text.Append('\n');
            for (var column = 0; column < columns; column++)
                text.Append($"[{Color(small, column, 2 * row)} on {Color(small, column, 2 * row + 1)}]▀[/]");
        }
        return text.ToString();
    }

    private static string Color(RgbImage image, int column, int row)
    {
        var pixel = image.Pixels.AsSpan((row * image.Width + column) * RgbImage.Channels, RgbImage.Channels);
        return $"#{pixel[0]:x2}{pixel[1]:x2}{pixel[2]:x2}";
    }
}
