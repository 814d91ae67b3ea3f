using Rge.Models.Tensors;
using static TorchSharp.torch;

namespace Rge.Models.Inference;

/// <summary>
/// What of a packed batch is computed with, on the device. All of it is integers, and is brought there by one copy, however many sequences
/// there are.
/// </summary>
/// <param name="TokenIds">Int64 <c>[N]</c>.</param>
/// <param name="Positions">M-RoPE positions, float32 <c>[3, N]</c>.</param>
/// <param name="Last">Index of the last token of each sequence, int64 <c>[B]</c>.</param>
/// <param name="Slots">Slot of each sequence, int64 <c>[B]</c>; −1 without a state.</param>
/// <param name="Pasts">Tokens that the slot of each sequence holds, int64 <c>[B]</c>.</param>
internal sealed record PackedTensors(Tensor TokenIds, Tensor Positions, Tensor Last, Tensor Slots, Tensor Pasts)
{
    /// <summary>Copies a batch to a device. The tensors belong to the dispose scope in use.</summary>
    public static PackedTensors Upload(PackedBatch batch, Device device)
    {
        int tokens = batch.TokenIds.Length,
            runs = batch.Runs.Count;
        var packed = new long[4 * tokens + 3 * runs];
        batch.TokenIds.CopyTo(packed, 0);
        batch.Positions.CopyTo(packed, tokens);
        for (var i = 0; i < runs; i++)
        {
            var run = batch.Runs[i];
            var at = 4 * tokens + i;
            (packed[at], packed[at + runs], packed[at + 2 * runs]) = (run.Start + run.Length - 1, run.Slot, run.Past);
        }
        var all = HostTransfers.Upload(packed, device);
        return new PackedTensors(
            all.narrow(0, 0, tokens),
            all.narrow(0, tokens, 3L * tokens).view(3, tokens).to(ScalarType.Float32),
            all.narrow(0, 4L * tokens, runs),
            all.narrow(0, 4L * tokens + runs, runs),
            all.narrow(0, 4L * tokens + 2L * runs, runs)
        );
    }
}
