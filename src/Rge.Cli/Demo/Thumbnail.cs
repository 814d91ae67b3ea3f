using System.Text;
using Rge.Imaging;

namespace Rge.Cli.Demo;

/// <summary>A picture in a terminal: half blocks, so that one character is two pixels.</summary>
internal static class Thumbnail
{
    /// <summary>The picture as lines of Spectre markup.</summary>
    /// <param name="image">The picture.</param>
    /// <param name="columns">Characters in a line.</param>
    public static string Markup(RgbImage image, int columns)
    {
        var rows = Math.Max(1, columns * image.Height / image.Width / 2);
        var text = new StringBuilder();
        for (var row = 0; row < rows; row++)
        {
            if (row > 0) text.Append('\n');
            for (var column = 0; column < columns; column++)
                text.Append($"[{Color(image, column, columns, 2 * row, 2 * rows)} on {Color(image, column, columns, 2 * row + 1, 2 * rows)}]▀[/]");
        }
        return text.ToString();
    }

    /// <summary>The mean of the pixels that fall into one of so many columns and rows.</summary>
    private static string Color(RgbImage image, int column, int columns, int row, int rows)
    {
        var (left, right) = Part(column, columns, image.Width);
        var (top, bottom) = Part(row, rows, image.Height);
        Span<int> sums = stackalloc int[RgbImage.Channels];
        for (var y = top; y < bottom; y++)
            for (var x = left; x < right; x++)
                for (var channel = 0; channel < RgbImage.Channels; channel++)
                    sums[channel] += image.Pixels[(y * image.Width + x) * RgbImage.Channels + channel];
        var count = (right - left) * (bottom - top);
        return $"#{sums[0] / count:x2}{sums[1] / count:x2}{sums[2] / count:x2}";
    }

    private static (int Start, int End) Part(int index, int count, int length)
    {
        var start = Math.Min(index * length / count, length - 1);
        return (start, Math.Max(start + 1, (index + 1) * length / count));
    }
}
