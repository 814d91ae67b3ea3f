using Rge.Models.Kernels;
using static TorchSharp.torch;

namespace Rge.Models.Layers;

/// <summary>A table with a learned vector a row. What is done with its numbers is done here.</summary>
/// <param name="table"><c>[rows, width]</c>; null while a layout is recorded, see <see cref="LayerFactory"/>. Borrowed.</param>
/// <param name="padding">The row that gets no gradient from being looked up, as in the reference; null for none.</param>
internal sealed class EmbeddingTable(Tensor table, int? padding = null)
{
    /// <summary>Number type of the vectors.</summary>
    public ScalarType DType => table.dtype;

    /// <summary>Where the table lies.</summary>
    public Device Device => table.device;

    /// <summary>The table as the weight of a linear layer that gives each row's product with its input: a tied output projection.</summary>
    public LinearWeight AsWeight() => new DenseWeight(table);

    /// <summary>Vectors of rows, int64 <c>[N]</c> → <c>[N, width]</c>.</summary>
    public Tensor Rows(Tensor rows)
    {
        var vectors = GradientKernels.GatherRows(table, rows);
        return padding is { } row && vectors.requires_grad ? WithoutGradient(vectors, rows, row) : vectors;
    }

    private static Tensor WithoutGradient(Tensor vectors, Tensor rows, int padding)
    {
        using var scope = NewDisposeScope();
        var isPadding = rows.eq(tensor((long)padding, device: rows.device));
        return isPadding.any().item<bool>()
            ? where(isPadding.unsqueeze(-1), vectors.detach(), vectors).MoveToOuterDisposeScope()
            : vectors;
    }
}
