using Rge.Imaging;

namespace Rge.Models.Families.Qwen25Vl;

/// <summary>
/// Qwen2.5-VL attends within square windows: merged patches are sorted by window before the blocks and put back after the merger.
/// Windows at the right and lower edge are smaller.
/// </summary>
internal static class WindowOrder
{
    /// <summary>Sorts an image's merged patches.</summary>
    /// <param name="grid">The image's patch grid.</param>
    /// <param name="mergeSize">Patches along the side of a merged patch.</param>
    /// <param name="window">Merged patches along the side of a window.</param>
    public static PatchWindows Sort(ImageGrid grid, int mergeSize, int window)
    {
        int rows = grid.Height / mergeSize,
            columns = grid.Width / mergeSize;
        var order = new List<int>(grid.Temporal * rows * columns);
        var sizes = new List<int>();
        for (var t = 0; t < grid.Temporal; t++)
        for (var top = 0; top < rows; top += window)
        for (var left = 0; left < columns; left += window)
        {
            int bottom = Math.Min(top + window, rows),
                right = Math.Min(left + window, columns);
            for (var row = top; row < bottom; row++)
            for (var column = left; column < right; column++)
                order.Add((t * rows + row) * columns + column);
            sizes.Add((bottom - top) * (right - left));
        }
        return new PatchWindows([.. order], [.. sizes]);
    }
}
