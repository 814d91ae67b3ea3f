using Rge.Models.Configuration;
using Rge.Models.Tensors;
using static TorchSharp.torch;

namespace Rge.Models.Layers;

/// <summary>What the gated delta rule reads of tokens, in float32, heads first: a query and a key for each value head.</summary>
/// <param name="Queries">Normalised and scaled by 1 / √keyDim, <c>[B, heads, T, keyDim]</c>.</param>
/// <param name="Keys">Normalised, <c>[B, heads, T, keyDim]</c>.</param>
/// <param name="Values"><c>[B, heads, T, valueDim]</c></param>
/// <param name="Rates">β, how much of a key's old value gives way to the new one, 0 … 1: <c>[B, heads, T]</c>.</param>
/// <param name="Decays">g ≤ 0, the logarithm of what is left of the memory when the token comes: <c>[B, heads, T]</c>.</param>
internal readonly record struct DeltaTokens(Tensor Queries, Tensor Keys, Tensor Values, Tensor Rates, Tensor Decays)
{
    /// <summary>Added to the sum of squares that queries and keys are normalised by.</summary>
    private const double Epsilon = 1e-6;

    /// <summary>Cuts tokens into heads, and puts heads first.</summary>
    /// <param name="config">Shape of the layer.</param>
    /// <param name="convolved">Queries, keys and values side by side, <c>[B, T, channels]</c>.</param>
    /// <param name="rates">β, <c>[B, T, valueHeads]</c>.</param>
    /// <param name="decays">g, <c>[B, T, valueHeads]</c>.</param>
    public static DeltaTokens Create(DeltaNetConfig config, Tensor convolved, Tensor rates, Tensor decays)
    {
        long batch = convolved.shape[0],
            length = convolved.shape[1];
        int heads = config.NumKeyHeads,
            shared = config.NumValueHeads / heads;
        return new DeltaTokens(
            Normalized(0, 1 / Math.Sqrt(config.KeyHeadDim)),
            Normalized(config.KeyWidth, 1),
            convolved
                .narrow(2, 2 * config.KeyWidth, config.ValueWidth)
                .reshape(batch, length, config.NumValueHeads, config.ValueHeadDim)
                .transpose(1, 2),
            rates.transpose(1, 2),
            decays.transpose(1, 2)
        );

        // Key heads of a length, each repeated for the value heads that share it.
        Tensor Normalized(int first, double size)
        {
            var split = convolved.narrow(2, first, config.KeyWidth).reshape(batch, length, heads, config.KeyHeadDim).transpose(1, 2);
            var unit = split * (split * split).sum([-1], keepdim: true).Plus(Epsilon).rsqrt().Times(size);
            return shared == 1
                ? unit
                : unit.unsqueeze(2).expand(-1, -1, shared, -1, -1).reshape(batch, heads * shared, length, config.KeyHeadDim);
        }
    }

    /// <summary>Some of the B.</summary>
    public DeltaTokens Narrow(int first, int count) =>
        new(
            Queries.narrow(0, first, count),
            Keys.narrow(0, first, count),
            Values.narrow(0, first, count),
            Rates.narrow(0, first, count),
            Decays.narrow(0, first, count)
        );
}
