using Rge.Models.Configuration;
using Rge.Models.Kernels;
using static TorchSharp.torch;

namespace Rge.Models.Layers;

/// <summary>
/// A weight of few bits. Inputs are rounded to 8 bits with a scale a row, the products added up as integers: a row of outputs has the same
/// bits alone and in any batch, on any processor. Runs on the CPU, without gradient.
/// </summary>
/// <param name="values">The bits, padded as <see cref="PackedRows"/> says, <c>[out, …]</c>.</param>
/// <param name="scales">The scales.</param>
/// <param name="inputs">Width that comes in.</param>
internal abstract class QuantizedWeight(Tensor values, Tensor scales, long inputs) : LinearWeight
{
    /// <summary>What the name of a weight's scales adds to that of its bits.</summary>
    public const string ScaleSuffix = ".scale";

    public override long Outputs => values.size(0);

    public override long Inputs => inputs;

    public override Device Device => values.device;

    public override bool IsTrained => false;

    /// <summary>Rounds a weight.</summary>
    /// <param name="dense"><c>[out, in]</c>, of any floating-point type; borrowed.</param>
    /// <param name="format">To what: int8 or int4.</param>
    /// <returns>Bits and scales, on the CPU; the caller disposes. A scale is NaN where a number is not finite.</returns>
    /// <exception cref="ArgumentException">The weight is no matrix, or too wide.</exception>
    public static (Tensor Values, Tensor Scales) Round(Tensor dense, WeightFormat format)
    {
        using var gradients = no_grad();
        using var scope = NewDisposeScope();
        var kept = dense.dtype == ScalarType.BFloat16 ? ScalarType.BFloat16 : ScalarType.Float32;
        var plain = dense.detach().to(kept, CPU).contiguous();
        var (values, scales) = format == WeightFormat.Int8 ? CpuKernels.RoundToInt8(plain) : CpuKernels.RoundToInt4(plain);
        return (values.MoveToOuterDisposeScope(), scales.MoveToOuterDisposeScope());
    }

    /// <summary>The weight that bits and scales are.</summary>
    /// <param name="name">The parameter's name, for errors.</param>
    /// <param name="values">The bits, int8 or uint8; borrowed.</param>
    /// <param name="scales">The scales; borrowed.</param>
    /// <param name="inputs">Width that comes in.</param>
    /// <param name="outputs">Width that comes out.</param>
    /// <exception cref="ArgumentException">They are not those of a weight of this shape.</exception>
    public static QuantizedWeight Create(string name, Tensor values, Tensor scales, long inputs, long outputs)
    {
        var width = PackedRows.Width(inputs);
        var isInt8 = values.dtype == ScalarType.Int8;
        Require(values, isInt8 ? ScalarType.Int8 : ScalarType.Byte, [outputs, isInt8 ? width : width / 2], name);
        if (isInt8)
            Require(scales, ScalarType.Float32, [outputs], name + ScaleSuffix);
        else
            Require(scales, ScalarType.BFloat16, [outputs, width / PackedRows.Group], name + ScaleSuffix);
        return isInt8 ? new Int8Weight(values, scales, inputs) : new Int4Weight(values, scales, inputs);
    }

    internal override Tensor Multiply(Tensor x, Tensor? bias)
    {
        if (is_grad_enabled() && (x.requires_grad || bias?.requires_grad == true))
            throw new InvalidOperationException("Quantised weights give no gradient: train the checkpoint that they were made from.");
        if (x.dim() == 0 || x.size(-1) != inputs)
            throw new ArgumentException($"The input is [{string.Join(", ", x.shape)}], expected [N, {inputs}].", nameof(x));
        using var scope = NewDisposeScope();
        var kept = x.dtype == ScalarType.BFloat16 ? ScalarType.BFloat16 : ScalarType.Float32;
        var y = CpuKernels.QuantizedLinear(
            x.detach().to(kept).contiguous(),
            values,
            scales,
            inputs,
            bias?.detach().to(ScalarType.Float32).contiguous()
        );
        return y.to(x.dtype).MoveToOuterDisposeScope();
    }

    private static void Require(Tensor tensor, ScalarType type, long[] shape, string name)
    {
        if (tensor.dtype != type || !tensor.shape.AsSpan().SequenceEqual(shape))
            throw new ArgumentException(
                $"Parameter {name} is {tensor.dtype} [{string.Join(", ", tensor.shape)}], expected {type} [{string.Join(", ", shape)}].",
                nameof(tensor)
            );
    }
}
