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
