using Rge.Models.Kernels;
using Rge.Models.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace Rge.Models.Layers;

/// <summary>
/// A weight of 4 bits in groups of 32 neighbouring inputs: w = (q − 8) · scale, q from 0 to 15, with a scale for each group. What AWQ and
/// GPTQ made has an offset besides, where zero is not stored as 8, and an order of its inputs.
/// </summary>
/// <remarks>
/// An offset takes part as its product with the sum of the inputs of its group: as many more products as there are groups, in float32.
/// <para>
/// Design note: why a scale and no minimum. The root mean square of what rounding takes away, relative to that of the weights, was measured on
/// normally distributed weights and on those of the two shipped models:
/// <list type="bullet">
/// <item>the largest magnitude at 7: 9.6 % and 9.7 %;</item>
/// <item>the number of largest magnitude at −8, whatever its sign: 8.5 % and 8.6 %;</item>
/// <item>the best of six scales near it, which is what is done: 8.2 % and 8.2 %;</item>
/// <item>a scale and a minimum: 7.8 % and 7.8 %, for 5 bits a weight in place of 4.5.</item>
/// </list>
/// Reading weights is what a decoding step spends its time with, and a tenth of it is more than the difference is worth.
/// </para>
/// </remarks>
/// <param name="tensors">
/// Borrowed. Values are uint8 <c>[out, width / 2]</c>, width being the inputs up to a multiple of 64: of each 64 weights the first 32 are the
/// low halves of 32 bytes, the others their high halves. Scales are bfloat16 <c>[out, width / 32]</c>, offsets float32 <c>[out, groups]</c>,
/// of as many groups of neighbouring columns, and the order int64 <c>[in]</c>.
/// </param>
/// <param name="inputs">Width that comes in.</param>
internal sealed class Int4Weight(QuantizedTensors tensors, long inputs) : QuantizedWeight(tensors, inputs)
{
    /// <summary>The q that stands for 0.</summary>
    private const float Middle = 8;

    private readonly QuantizedTensors _tensors = tensors;

    public override Tensor ToDense()
    {
        using var gradients = no_grad();
        using var scope = NewDisposeScope();
        long width = PackedRows.Width(Inputs),
            groups = width / PackedRows.Group;
        var packed = _tensors.Values.view(Outputs, groups / 2, PackedRows.Group);
        Tensor mask = tensor((byte)0x0f),
            shift = tensor((byte)4),
            middle = tensor(Middle);
        var quanta = stack([packed.bitwise_and(mask), packed.bitwise_right_shift(shift)], 2).view(Outputs, groups, PackedRows.Group);
        var scaled = (quanta.to(ScalarType.Float32) - middle) * _tensors.Scales.to(ScalarType.Float32).unsqueeze(2);
        var dense = scaled.view(Outputs, width).narrow(1, 0, Inputs);
        if (_tensors.Offsets is { } offsets)
            dense = dense.Plus(offsets.repeat_interleave(Inputs / offsets.size(1), 1));
        if (_tensors.Order is { } order)
            dense = dense.index_copy(1, order, dense);
        return dense.contiguous().MoveToOuterDisposeScope();
    }

    /// <summary>The weight w = (q − zero) · scale. Scales are rounded to bfloat16; zero points stay exact.</summary>
    /// <param name="quanta">q, uint8 <c>[out, in]</c>, from 0 to 15; columns of a group are neighbours.</param>
    /// <param name="zeros">Float32 <c>[out, groups]</c>.</param>
    /// <param name="scales">Float32 <c>[out, groups]</c>.</param>
    /// <param name="order">As in <see cref="QuantizedTensors"/>.</param>
    /// <returns>In the dispose scope in use.</returns>
    public static QuantizedTensors OfGroups(Tensor quanta, Tensor zeros, Tensor scales, Tensor? order)
    {
        long outputs = quanta.size(0),
            inputs = quanta.size(1),
            groups = scales.size(1),
            parts = (inputs + PackedRows.Group - 1) / PackedRows.Group;
        using var middle = tensor(Middle);
        var rounded = scales.to(ScalarType.BFloat16);
        var spread = torch.zeros([outputs, PackedRows.Width(inputs) / PackedRows.Group], ScalarType.BFloat16);
        spread.narrow(1, 0, parts).copy_(groups == 1 ? rounded.expand(outputs, parts) : rounded.repeat_interleave(parts / groups, 1));
        var hasOffsets = !zeros.eq(middle).all().item<bool>();
        var offsets = hasOffsets ? ((middle - zeros) * rounded.to(ScalarType.Float32)).contiguous() : null;
        return new QuantizedTensors(Pack(quanta), spread, offsets, order);
    }

    private static Tensor Pack(Tensor quanta)
    {
        long outputs = quanta.size(0),
            inputs = quanta.size(1),
            width = PackedRows.Width(inputs);
        var padded = empty([outputs, width], ScalarType.Byte);
        padded.copy_(tensor((byte)Middle));
        padded.narrow(1, 0, inputs).copy_(quanta);
        var halves = padded.view(outputs, width / PackedRows.Multiple, 2, PackedRows.Group);
        var high = halves.select(2, 1).bitwise_left_shift(tensor((byte)4));
        return halves.select(2, 0).bitwise_or(high).view(outputs, width / 2).contiguous();
    }

    protected override Tensor Product(Tensor x, Tensor? bias)
    {
        if (_tensors.Order is { } order)
            x = x.index_select(-1, order);
        if (_tensors.Offsets is not { } offsets)
            return base.Product(x, bias);
        // In float32: the two parts may cancel each other.
        var wide = x.to(ScalarType.Float32);
        long[] grouped = [.. x.shape[..^1], offsets.size(1), Inputs / offsets.size(1)];
        return base.Product(wide, bias).Plus(nn.functional.linear(wide.reshape(grouped).sum(-1), offsets));
    }
}
