using Rge.Models.Kernels;
using static TorchSharp.torch;

namespace Rge.Models.Layers;

/// <summary>A weight that is a matrix of numbers.</summary>
/// <param name="matrix"><c>[out, in]</c>; null while a layout is recorded, see <see cref="LayerFactory"/>.</param>
internal sealed class DenseWeight(Tensor matrix) : LinearWeight
{
    public override long Outputs => matrix.size(0);

    public override long Inputs => matrix.size(1);

    public override Device Device => matrix.device;

    public override bool IsTrained => matrix.requires_grad;

    public override Tensor ToDense() => matrix.alias();

    internal override Tensor RowNorms(LowRankWeights change) => change.RowNorm(matrix);

    internal override Tensor Multiply(Tensor x, Tensor? bias) => Multiply(x, matrix, bias);

    internal override Tensor? MultiplyGated(Tensor x, LinearWeight up) =>
        up is DenseWeight other && CpuKernels.SupportsLinear(x, matrix) && CpuKernels.SupportsLinear(x, other.Matrix)
            ? CpuKernels.GatedLinear(x, matrix, other.Matrix)
            : null;

    /// <summary>The affine map itself, by whichever is faster.</summary>
    /// <param name="x"><c>[N, in]</c></param>
    /// <param name="weight"><c>[out, in]</c></param>
    /// <param name="bias"><c>[out]</c>, or null.</param>
    internal static Tensor Multiply(Tensor x, Tensor weight, Tensor? bias) =>
        CpuKernels.SupportsLinear(x, weight) && (bias is null || !bias.requires_grad || !is_grad_enabled())
            ? CpuKernels.Linear(x, weight, bias)
        : WidenedLinear.Supports(x, weight, bias) ? WidenedLinear.Multiply(x, weight, bias)
        : nn.functional.linear(x, weight, bias);

    private Tensor Matrix => matrix;
}
