using Rge.Models.Configuration;
using Rge.Models.Layers;
using static TorchSharp.torch;

namespace Rge.Models.Checkpoints;

/// <summary>
/// What the layouts of AWQ and GPTQ share: w = (q − zero) · scale in 4 bits, eight in an int32 (<c>qweight</c>), with a zero point
/// (<c>qzeros</c>, eight in an int32) and a scale (<c>scales</c>) for each group of an output's inputs.
/// </summary>
/// <param name="checkpoint">The checkpoint.</param>
/// <param name="groupSize">Inputs of a group; 0 for all.</param>
internal abstract class PackedWeights(Checkpoint checkpoint, int groupSize) : StoredWeights(checkpoint)
{
    protected const string Quanta = ".qweight",
        Zeros = ".qzeros",
        Scales = ".scales";

    /// <summary>Numbers of 4 bits that an int32 holds.</summary>
    protected const int Packed = 8;

    private const int Bits = 4;

    public sealed override bool Holds(string name) =>
        name.EndsWith(Weight, StringComparison.Ordinal) && Checkpoint.Contains(Module(name) + Quanta);

    public sealed override WeightFormat Format(string name) => WeightFormat.Int4;

    public sealed override IEnumerable<(string Name, long[] Shape)> Shapes(string name, long outputs, long inputs)
    {
        var groups = Groups(inputs);
        if (inputs % Packed != 0 || outputs % Packed != 0 || (groups > 1 && inputs % groupSize != 0))
            throw Unusable(name, $"is [{outputs}, {inputs}], which cannot be stored in groups of {groupSize} and eights");
        return Stored(Module(name), outputs, inputs)
            .Append((Module(name) + Zeros, [groups, outputs / Packed]))
            .Append((Module(name) + Scales, [groups, outputs]));
    }

    public sealed override QuantizedTensors Read(string name, long outputs, long inputs)
    {
        var module = Module(name);
        var scales = Map(module + Scales, ScalarType.Float16, ScalarType.BFloat16, ScalarType.Float32).t().to(ScalarType.Float32);
        if (!isfinite(scales).all().item<bool>())
            throw Unusable(module + Scales, "has a number that is not finite, expected finite scales");
        var (quanta, zeros, order) = Unpack(module, Groups(inputs));
        return Int4Weight.OfGroups(quanta, zeros, scales, order);
    }

    /// <summary>The tensors of a module beside zero points and scales.</summary>
    protected abstract IEnumerable<(string Name, long[] Shape)> Stored(string module, long outputs, long inputs);

    /// <summary>Unpacks a module's weights and zero points.</summary>
    /// <returns>
    /// Weights from 0 to 15, uint8 <c>[out, in]</c>, columns of a group being neighbours; zero points, float32 <c>[out, groups]</c>; and the
    /// input of each column, or null where they are in the inputs' order.
    /// </returns>
    protected abstract (Tensor Quanta, Tensor Zeros, Tensor? Order) Unpack(string module, long groups);

    /// <summary>Unpacks the last dimension of an int32 tensor: <c>[…, n]</c> → uint8 <c>[…, 8 n]</c>.</summary>
    /// <param name="name">The tensor.</param>
    /// <param name="places">Which 4 bits, from the lowest, each of eight neighbours is in; null for their order.</param>
    /// <param name="transposed">Whether the first dimension is unpacked, and becomes the last.</param>
    protected Tensor Unpack(string name, IReadOnlyList<int>? places = null, bool transposed = false)
    {
        var packed = Map(name, ScalarType.Int32);
        if (transposed)
            packed = packed.t();
        var parts = Enumerable
            .Range(0, Packed)
            .Select(i => (places?[i] ?? i) * Bits)
            .Select(shift => packed.bitwise_right_shift(tensor(shift)).bitwise_and(tensor(0xf)).to(ScalarType.Byte));
        return stack(parts, -1).flatten(-2, -1);
    }

    private static string Module(string name) => name[..^Weight.Length];

    private long Groups(long inputs) => groupSize == 0 || groupSize >= inputs ? 1 : inputs / groupSize;
}
