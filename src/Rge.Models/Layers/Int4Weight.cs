using Rge.Models.Kernels;
using static TorchSharp.torch;

namespace Rge.Models.Layers;

/// <summary>
/// A weight of 4 bits in groups of 32 neighbouring inputs: w = (q − 8) · scale, q from 0 to 15, with a scale for each group.
/// </summary>
/// <remarks>
/// Design note: why a scale and no minimum. The root mean square of what rounding takes away, relative to that of the weights, was measured on
/// normally distributed weights and on those of the two shipped models:
/// <list type="bullet">
/// <item>the largest magnitude at 7: 9.6 % and 9.7 %;</item>
/// <item>the number of largest magnitude at −8, whatever its sign: 8.5 % and 8.6 %;</item>
/// <item>the best of six scales near it, which is what is done: 8.2 % and 8.2 %;</item>
/// <item>a scale and a minimum: 7.8 % and 7.8 %, for 5 bits a weight in place of 4.5.</item>
/// </list>
/// Reading weights is what a decoding step spends its time with, and a tenth of it is more than the difference is worth.
/// </remarks>
/// <param name="values">
/// uint8 <c>[out, width / 2]</c>, width being the inputs up to a multiple of 64: of each 64 weights the first 32 are the low halves of 32 bytes,
/// the others their high halves. Borrowed.
/// </param>
/// <param name="scales">bfloat16 <c>[out, width / 32]</c>. Borrowed.</param>
/// <param name="inputs">Width that comes in.</param>
internal sealed class Int4Weight(Tensor values, Tensor scales, long inputs) : QuantizedWeight(values, scales, inputs)
{
    private readonly Tensor _values = values,
        _scales = scales;

    public override Tensor ToDense()
    {
        using var gradients = no_grad();
        using var scope = NewDisposeScope();
        long width = PackedRows.Width(Inputs),
            groups = width / PackedRows.Group;
        var packed = _values.view(Outputs, groups / 2, PackedRows.Group);
        Tensor mask = tensor((byte)0x0f),
            shift = tensor((byte)4),
            middle = tensor(8f);
        var quanta = stack([packed.bitwise_and(mask), packed.bitwise_right_shift(shift)], 2).view(Outputs, groups, PackedRows.Group);
        var dense = (quanta.to(ScalarType.Float32) - middle) * _scales.to(ScalarType.Float32).unsqueeze(2);
        return dense.view(Outputs, width).narrow(1, 0, Inputs).contiguous().MoveToOuterDisposeScope();
    }
}
