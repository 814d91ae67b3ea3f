using Rge.Imaging;
using Rge.Models.Layers;
using Rge.Models.Tensors;
using static TorchSharp.torch;

namespace Rge.Models.Families.Qwen3Vl;

/// <summary>Qwen3-VL: a square table of learned position embeddings, read at the image's own grid by bilinear interpolation.</summary>
/// <param name="table">An embedding for each of the side² points.</param>
/// <param name="side">Side of the square.</param>
internal sealed class PositionInterpolation(EmbeddingTable table, int side) : IPatchPositions
{
    public Tensor Forward(ImageGrid grid, PatchOrder order)
    {
        var (rowLow, rowHigh, rowShare) = Axis(grid.Height);
        var (columnLow, columnHigh, columnShare) = Axis(grid.Width);
        var count = grid.Patches;
        var corners = new long[4][];
        var weights = new float[4][];
        for (var corner = 0; corner < 4; corner++)
        {
            var (indices, shares) = (new long[count], new float[count]);
            for (var i = 0; i < count; i++)
            {
                int row = order.Rows[i],
                    column = order.Columns[i];
                var (r, rw) = corner < 2 ? (rowLow[row], 1 - rowShare[row]) : (rowHigh[row], rowShare[row]);
                var (c, cw) = corner % 2 == 0 ? (columnLow[column], 1 - columnShare[column]) : (columnHigh[column], columnShare[column]);
                (indices[i], shares[i]) = ((long)r * side + c, rw * cw);
            }
            (corners[corner], weights[corner]) = (indices, shares);
        }
        Tensor? sum = null;
        for (var corner = 0; corner < 4; corner++)
        {
            using Tensor indices = HostTransfers.Upload(corners[corner], table.Device),
                share = HostTransfers.Upload(weights[corner], table.Device);
            var part = table.Rows(indices) * share.to(table.DType).unsqueeze(1);
            sum = sum is null ? part : sum.Plus(part);
        }
        return sum!;
    }

    /// <summary>
    /// The table's coordinates that lie nearest each of <paramref name="count"/> points spread evenly from its first to its last row.
    /// </summary>
    private (int[] Low, int[] High, float[] Share) Axis(int count)
    {
        using var points = linspace(0, side - 1, count, ScalarType.Float32);
        var at = points.data<float>().ToArray();
        int[] low = [.. at.Select(p => (int)p)],
            high = [.. low.Select(l => Math.Min(l + 1, side - 1))];
        return (low, high, [.. at.Select((p, i) => p - low[i])]);
    }
}
