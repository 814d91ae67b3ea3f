using Rge.Imaging;

namespace Rge.Models.Layers;

/// <summary>
/// Where each patch of one image lies, in the order the processor hands patches over: merged squares row by row, and within a square its
/// patches row by row; a frame after the other.
/// </summary>
internal sealed class PatchOrder
{
    public PatchOrder(ImageGrid grid, int mergeSize)
    {
        Rows = new int[grid.Patches];
        Columns = new int[grid.Patches];
        var i = 0;
        for (var t = 0; t < grid.Temporal; t++)
        for (var blockRow = 0; blockRow < grid.Height; blockRow += mergeSize)
        for (var blockColumn = 0; blockColumn < grid.Width; blockColumn += mergeSize)
        for (var row = 0; row < mergeSize; row++)
        for (var column = 0; column < mergeSize; column++, i++)
            (Rows[i], Columns[i]) = (blockRow + row, blockColumn + column);
    }

    /// <summary>Row of each patch.</summary>
    public int[] Rows { get; }

    /// <summary>Column of each patch.</summary>
    public int[] Columns { get; }
}
