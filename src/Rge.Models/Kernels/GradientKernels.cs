using System.Numerics;
using System.Runtime.CompilerServices;
using TorchSharp;
using static TorchSharp.torch;

namespace Rge.Models.Kernels;

/// <summary>
/// What a training pass on the CPU does faster here than through torch's operators: each operation with its gradient, in float32. Each has
/// a test that says whether it takes the given tensors; where it does not, torch's own operators do the same.
/// </summary>
/// <remarks>
/// Called with anything else they throw <see cref="ArgumentException"/> before an element is read: an exception in the backward pass would
/// end the process. Methods hand their result over to the current dispose scope; where no gradient is wanted it is not part of a graph.
/// </remarks>
internal static class GradientKernels
{
    // Keeps the kernels' stack below half a megabyte.
    private const int MaxHeadDim = 512;

    private static int Step => 2 * Vector<float>.Count;

    /// <summary>True where <see cref="RmsNorm"/> takes x and weight.</summary>
    public static bool SupportsRmsNorm(Tensor x, Tensor weight) =>
        IsDense(x)
        && IsDense(weight)
        && weight.dim() == 1
        && weight.size(0) > 0
        && weight.size(0) % Step == 0
        && x.dim() > 0
        && x.size(-1) == weight.size(0)
        && x.NumberOfElements <= int.MaxValue;

    /// <summary>x / √(mean(x²) + ε) · (offset + weight) over the last dimension; see <see cref="CpuKernels.RmsNorm"/>.</summary>
    public static Tensor RmsNorm(Tensor x, Tensor weight, double epsilon, double offset = 0)
    {
        Require(SupportsRmsNorm(x, weight), nameof(x));
        return RmsNormFunction.apply(x, weight, epsilon, offset);
    }

    /// <summary>True where <see cref="SiluProduct"/> takes both.</summary>
    public static bool SupportsSiluProduct(Tensor gate, Tensor up) =>
        IsDense(gate)
        && IsDense(up)
        && up.NumberOfElements == gate.NumberOfElements
        && gate.NumberOfElements % Step == 0
        && gate.NumberOfElements <= int.MaxValue
        && gate.shape.AsSpan().SequenceEqual(up.shape);

    /// <summary>silu(gate) · up, element by element; see <see cref="CpuKernels.SiluProduct"/>.</summary>
    public static Tensor SiluProduct(Tensor gate, Tensor up)
    {
        Require(SupportsSiluProduct(gate, up), nameof(gate));
        return SiluProductFunction.apply(gate, up);
    }

    /// <summary>True where <see cref="Rotate"/> takes x and the table.</summary>
    public static bool SupportsRotate(Tensor x, Tensor cos, Tensor sin)
    {
        return CpuKernels.Enabled
            && x.device_type == DeviceType.CPU
            && x.dtype == ScalarType.Float32
            && x.dim() == 3
            && x.stride(2) == 1
            && x.stride(1) == x.size(2)
            && x.stride(0) >= x.size(1) * x.size(2)
            && x.NumberOfElements is > 0 and <= int.MaxValue
            && IsTable(cos)
            && IsTable(sin)
            && cos.size(-1) == sin.size(-1);

        bool IsTable(Tensor table) => IsDense(table) && !table.requires_grad && CpuKernels.HasAnglesOf(table, x);
    }

    /// <summary>Turns each pair (x[i], x[i + half]) by its angle.</summary>
    /// <param name="x"><c>[N, heads, headDim]</c>; there may be gaps between tokens.</param>
    /// <param name="cos">Cosines, N × half, half at most headDim/2.</param>
    /// <param name="sin">Sines, N × half, half at most headDim/2.</param>
    /// <returns>A new tensor of the same shape, without gaps.</returns>
    public static Tensor Rotate(Tensor x, Tensor cos, Tensor sin)
    {
        Require(SupportsRotate(x, cos, sin), nameof(x));
        return IsWanted(x) ? RotaryFunction.apply(x, cos, sin) : RotaryFunction.Rotate(x, cos, sin, direction: 1);
    }

    /// <summary>True where <see cref="Gather"/> takes a table and rows of it.</summary>
    public static bool SupportsGather(Tensor table, Tensor rows) =>
        IsDense(table)
        && table.dim() == 2
        && CpuKernels.Enabled
        && rows.device_type == DeviceType.CPU
        && rows.dtype == ScalarType.Int64
        && rows.dim() == 1
        && rows.is_contiguous()
        && rows.NumberOfElements is > 0 and <= int.MaxValue
        && table.size(1) <= int.MaxValue;

    /// <summary>Rows of a table.</summary>
    /// <param name="table"><c>[V, width]</c></param>
    /// <param name="rows">int64 <c>[N]</c>, each below V; libtorch refuses others before there is a backward pass.</param>
    /// <returns><c>[N, width]</c></returns>
    public static Tensor Gather(Tensor table, Tensor rows)
    {
        Require(SupportsGather(table, rows), nameof(table));
        return GatherFunction.apply(table, rows);
    }

    /// <summary>Rows of a table, by whichever is faster.</summary>
    /// <param name="table"><c>[V, width]</c></param>
    /// <param name="rows">int64 <c>[N]</c></param>
    public static Tensor GatherRows(Tensor table, Tensor rows) =>
        IsWanted(table) && SupportsGather(table, rows) ? Gather(table, rows) : table.index_select(0, rows);

    /// <summary>True where <see cref="Attend"/> takes the tensors.</summary>
    public static bool SupportsAttend(Tensor queries, Tensor keys, Tensor values, PrefixTreePlan plan) =>
        IsDense(queries)
        && IsDense(keys)
        && IsDense(values)
        && queries.dim() == 3
        && keys.dim() == 3
        && keys.shape.AsSpan().SequenceEqual(values.shape)
        && queries.size(0) == plan.Count
        && keys.size(0) == plan.Count
        && queries.size(2) == keys.size(2)
        && keys.size(1) > 0
        && queries.size(1) > 0
        && queries.size(1) % keys.size(1) == 0
        && queries.size(2) is > 0 and <= MaxHeadDim
        && queries.size(2) % Step == 0
        && queries.size(2) % 8 == 0
        && queries.NumberOfElements <= int.MaxValue;

    /// <summary>
    /// Attention over a tree of tokens: softmax(q kᵀ / √headDim) v over each token's own run up to itself and all runs above.
    /// </summary>
    /// <param name="queries"><c>[N, heads, headDim]</c>; heads is a multiple of kvHeads.</param>
    /// <param name="keys"><c>[N, kvHeads, headDim]</c></param>
    /// <param name="values">Of the same shape.</param>
    /// <param name="plan">The tree of the N tokens.</param>
    /// <returns><c>[N, heads · headDim]</c></returns>
    public static Tensor Attend(Tensor queries, Tensor keys, Tensor values, PrefixTreePlan plan)
    {
        Require(SupportsAttend(queries, keys, values, plan), nameof(queries));
        if (IsWanted(queries, keys, values))
            return PrefixTreeAttentionFunction.apply(queries, keys, values, plan);
        var (output, logSums) = PrefixTreeAttentionFunction.Attend(queries, keys, values, plan);
        logSums.Dispose();
        return output;
    }

    /// <summary>
    /// Whether there is to be a graph; without one the function around a kernel would cost more than a small kernel does.
    /// </summary>
    private static bool IsWanted(params ReadOnlySpan<Tensor> inputs)
    {
        if (!is_grad_enabled())
            return false;
        foreach (var input in inputs)
            if (input.requires_grad)
                return true;
        return false;
    }

    private static bool IsDense(Tensor x) =>
        CpuKernels.Enabled && x.device_type == DeviceType.CPU && x.dtype == ScalarType.Float32 && x.is_contiguous();

    private static void Require(bool condition, string parameter, [CallerArgumentExpression(nameof(condition))] string expected = "")
    {
        if (!condition)
            throw new ArgumentException($"The kernel does not take this tensor; it wants {expected}.", parameter);
    }
}
