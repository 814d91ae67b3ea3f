using Rge.Models.Configuration;
using Rge.Models.Kernels;
using Rge.Models.Tensors;
using static TorchSharp.torch;

namespace Rge.Models.Layers;

/// <summary>
/// A weight of few bits. Inputs are rounded to 8 bits with a scale a row, the products added up as integers: a row of outputs has the same
/// bits alone and in any batch, on any processor. Runs on the CPU, without gradient.
/// </summary>
/// <param name="tensors">Its tensors; borrowed.</param>
/// <param name="inputs">Width that comes in.</param>
internal abstract class QuantizedWeight(QuantizedTensors tensors, long inputs) : LinearWeight
{
    public override long Outputs => tensors.Values.size(0);

    public override long Inputs => inputs;

    public override Device Device => tensors.Values.device;

    public override bool IsTrained => false;

    /// <summary>Rounds a weight.</summary>
    /// <param name="dense"><c>[out, in]</c>, of any floating-point type; borrowed.</param>
    /// <param name="format">To what: int8 or int4.</param>
    /// <returns>On the CPU; the caller disposes. A scale is NaN where a number is not finite.</returns>
    /// <exception cref="ArgumentException">The weight is no matrix, or too wide.</exception>
    public static QuantizedTensors Round(Tensor dense, WeightFormat format)
    {
        using var gradients = no_grad();
        using var scope = NewDisposeScope();
        var kept = dense.dtype == ScalarType.BFloat16 ? ScalarType.BFloat16 : ScalarType.Float32;
        var plain = dense.detach().to(kept, CPU).contiguous();
        var (values, scales) = format == WeightFormat.Int8 ? CpuKernels.RoundToInt8(plain) : CpuKernels.RoundToInt4(plain);
        return new QuantizedTensors(values, scales).MoveOut();
    }

    /// <summary>The weight that tensors are.</summary>
    /// <param name="name">The parameter's name, for errors.</param>
    /// <param name="tensors">Its tensors; borrowed.</param>
    /// <param name="inputs">Width that comes in.</param>
    /// <param name="outputs">Width that comes out.</param>
    /// <exception cref="ArgumentException">They are not those of a weight of this shape.</exception>
    public static QuantizedWeight Create(string name, QuantizedTensors tensors, long inputs, long outputs)
    {
        var isInt8 = tensors.Values.dtype == ScalarType.Int8;
        foreach (var (suffix, type, shape) in Expected(isInt8 ? WeightFormat.Int8 : WeightFormat.Int4, inputs, outputs))
            Require(suffix.Length == 0 ? tensors.Values : tensors.Scales, type, shape, name + suffix);
        if (tensors.Offsets is { } offsets)
        {
            var groups = offsets.dim() == 2 ? offsets.size(1) : 0;
            var isGrouped = groups == 1 || (groups > 1 && inputs % groups == 0 && inputs / groups % PackedRows.Group == 0);
            if (isInt8 || !isGrouped)
                throw new ArgumentException(
                    $"Parameter {name}{QuantizedTensors.Offset} has {groups} groups of {inputs} inputs, expected "
                        + $"groups of a multiple of {PackedRows.Group} beside weights of 4 bits.",
                    nameof(tensors)
                );
            Require(offsets, ScalarType.Float32, [outputs, groups], name + QuantizedTensors.Offset);
        }
        if (tensors.Order is { } order)
            RequireOrder(order, inputs, name + QuantizedTensors.InputOrder);
        return isInt8 ? new Int8Weight(tensors, inputs) : new Int4Weight(tensors, inputs);
    }

    /// <summary>Number types and shapes of the bits and the scales of a weight, by what their names add to that of the weight.</summary>
    public static IEnumerable<(string Suffix, ScalarType Type, long[] Shape)> Expected(WeightFormat format, long inputs, long outputs)
    {
        var width = PackedRows.Width(inputs);
        return format == WeightFormat.Int8
            ? [("", ScalarType.Int8, [outputs, width]), (QuantizedTensors.Scale, ScalarType.Float32, [outputs])]
            :
            [
                ("", ScalarType.Byte, [outputs, width / 2]),
                (QuantizedTensors.Scale, ScalarType.BFloat16, [outputs, width / PackedRows.Group]),
            ];
    }

    internal override Tensor Multiply(Tensor x, Tensor? bias)
    {
        if (is_grad_enabled() && (x.requires_grad || bias?.requires_grad == true))
            throw new InvalidOperationException("Quantised weights give no gradient: train the checkpoint that they were made from.");
        if (x.dim() == 0 || x.size(-1) != inputs)
            throw new ArgumentException($"The input is [{string.Join(", ", x.shape)}], expected [N, {inputs}].", nameof(x));
        using var scope = NewDisposeScope();
        return Product(x.detach(), bias?.detach().to(ScalarType.Float32).contiguous()).to(x.dtype).MoveToOuterDisposeScope();
    }

    /// <summary>W x + b, in bfloat16 or float32, in the dispose scope in use.</summary>
    /// <param name="x"><c>[N, in]</c>, without gradient.</param>
    /// <param name="bias">Float32 <c>[out]</c>, or null.</param>
    protected virtual Tensor Product(Tensor x, Tensor? bias)
    {
        var kept = x.dtype == ScalarType.BFloat16 ? ScalarType.BFloat16 : ScalarType.Float32;
        return CpuKernels.QuantizedLinear(x.to(kept).contiguous(), tensors.Values, tensors.Scales, inputs, bias);
    }

    private static void RequireOrder(Tensor order, long inputs, string name)
    {
        Require(order, ScalarType.Int64, [inputs], name);
        using var scope = NewDisposeScope();
        var (sorted, _) = order.sort();
        if (!sorted.eq(TensorArithmetic.Range(inputs, CPU)).all().item<bool>())
            throw new ArgumentException($"Parameter {name} does not name each of {inputs} inputs once.", nameof(order));
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
