using static TorchSharp.torch;

namespace Rge.Models.Checkpoints;

/// <summary>
/// AWQ's layout, as AutoAWQ writes it in the version gemm: <c>qweight</c> is <c>[in, out / 8]</c>.
/// </summary>
/// <inheritdoc cref="PackedWeights"/>
internal sealed class AwqWeights(Checkpoint checkpoint, int groupSize) : PackedWeights(checkpoint, groupSize)
{
    /// <summary>Of eight neighbouring outputs the first is in the lowest 4 bits, the second in the fifth lowest, and so on.</summary>
    private static readonly int[] Places = [0, 4, 1, 5, 2, 6, 3, 7];

    protected override IEnumerable<(string Name, long[] Shape)> Stored(string module, long outputs, long inputs) =>
        [(module + Quanta, [inputs, outputs / Packed])];

    protected override (Tensor Quanta, Tensor Zeros, Tensor? Order) Unpack(string module, long groups) =>
        (Unpack(module + Quanta, Places).t(), Unpack(module + Zeros, Places).t().to(ScalarType.Float32), null);
}
