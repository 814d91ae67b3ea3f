using Rge.Models.Tensors;
using static TorchSharp.torch;

namespace Rge.Models.Checkpoints;

/// <summary>
/// GPTQ's layout: <c>qweight</c> is <c>[in / 8, out]</c>, and <c>g_idx</c>, int32 <c>[in]</c>, says which group each input is of; without it
/// they are in order.
/// </summary>
/// <inheritdoc cref="PackedWeights"/>
/// <param name="checkpoint">The checkpoint.</param>
/// <param name="groupSize">Inputs of a group; 0 for all.</param>
/// <param name="zerosLessOne">Whether zero points are stored less one.</param>
internal sealed class GptqWeights(Checkpoint checkpoint, int groupSize, bool zerosLessOne) : PackedWeights(checkpoint, groupSize)
{
    private const string Index = ".g_idx";

    protected override IEnumerable<(string Name, long[] Shape)> Stored(string module, long outputs, long inputs)
    {
        yield return (module + Quanta, [inputs / Packed, outputs]);
        if (Checkpoint.Contains(module + Index))
            yield return (module + Index, [inputs]);
    }

    protected override (Tensor Quanta, Tensor Zeros, Tensor? Order) Unpack(string module, long groups)
    {
        var quanta = Unpack(module + Quanta, transposed: true);
        var zeros = Unpack(module + Zeros).t().to(ScalarType.Float32);
        var order = Order(module + Index, quanta.size(1), groups);
        return (order is null ? quanta : quanta.index_select(1, order), zerosLessOne ? zeros.Plus(1) : zeros, order);
    }

    /// <summary>The input of each column where inputs of a group become neighbours; null where they are.</summary>
    private Tensor? Order(string name, long inputs, long groups)
    {
        if (groups == 1 || !Checkpoint.Contains(name))
            return null;
        var index = Map(name, ScalarType.Int32, ScalarType.Int64).to(ScalarType.Int64);
        var (sorted, order) = index.sort(stable: true);
        var expected = TensorArithmetic.Range(groups, CPU).repeat_interleave(inputs / groups);
        if (!sorted.eq(expected).all().item<bool>())
            throw Unusable(name, $"does not put {inputs / groups} inputs into each of {groups} groups");
        return index.eq(expected).all().item<bool>() ? null : order;
    }
}
