using Rge.Models.Tensors;
using static TorchSharp.torch;

namespace Rge.Models.Layers;

/// <summary>
/// The gated delta rule (Yang, Kautz and Hatamizadeh, "Gated Delta Networks", 2024) over chunks of T tokens. A memory S, <c>[keyDim,
/// valueDim]</c> a head, takes in each token by S ← e^g S, u = β (v − Sᵀk), S ← S + k uᵀ, and then gives o = Sᵀq.
/// </summary>
/// <remarks>
/// Within a chunk the changes u depend on each other by a triangular system, so that a whole chunk is a few products of matrices. With G
/// the running sum of g:
/// <list type="bullet">
/// <item>(I + A) U = β (V − e^G K S), where A_ij = β_i (k_i·k_j) e^{G_i − G_j} for j &lt; i</item>
/// <item>O = e^G Q S + M U, where M_ij = (q_i·k_j) e^{G_i − G_j} for j ≤ i</item>
/// <item>S ← e^{G_T} S + Σ_i e^{G_T − G_i} k_i u_iᵀ</item>
/// </list>
/// Differences of G are formed before the exponential, and no exponent is positive. What does not depend on S is computed for all chunks at
/// once. Differentiable.
/// </remarks>
internal sealed class DeltaRule
{
    private readonly long _heads,
        _length;
    private readonly Tensor _system,
        _mixing,
        _lookups,
        _values,
        _writes,
        _kept;

    /// <summary>Prepares chunks. A place that no token has wants a rate and a decay of zero.</summary>
    /// <param name="tokens">The tokens of the chunks, <c>[chunks, heads, T, …]</c>; borrowed.</param>
    public DeltaRule(DeltaTokens tokens)
    {
        (_heads, _length) = (tokens.Keys.shape[1], tokens.Keys.shape[2]);
        Tensor q = tokens.Queries.flatten(0, 1), // (B·heads, T, keyDim)
            k = tokens.Keys.flatten(0, 1),
            v = tokens.Values.flatten(0, 1),
            rates = tokens.Rates.flatten(0, 1).unsqueeze(2), // (B·heads, T, 1)
            sums = tokens.Decays.flatten(0, 1).cumsum(1).unsqueeze(2),
            total = sums.narrow(1, _length - 1, 1),
            transposed = k.transpose(1, 2);
        // Above the diagonal, where nothing is read, the difference would be positive: 0 instead.
        var between = (sums - sums.transpose(1, 2)).tril().exp();
        var fade = sums.exp();
        _system = k.bmm(transposed) * between * rates;
        _mixing = (q.bmm(transposed) * between).tril();
        _lookups = cat([k * (fade * rates), q * fade], 1);
        _values = v * rates;
        _writes = (k * (total - sums).exp()).transpose(1, 2);
        _kept = total.exp();
    }

    /// <summary>Runs some of the chunks from the memories that they start with.</summary>
    /// <param name="first">The first chunk.</param>
    /// <param name="memory">A memory for each of the chunks, <c>[m, heads, keyDim, valueDim]</c>.</param>
    /// <returns>What their tokens read, <c>[m, heads, T, valueDim]</c>, and the memories after them.</returns>
    public (Tensor Read, Tensor Memory) Run(long first, Tensor memory)
    {
        var start = memory.flatten(0, 1);
        var found = Rows(_lookups).bmm(start); // (m·heads, 2T, valueDim)
        // Reads the system below the diagonal alone.
        var changes = linalg.solve_triangular(
            Rows(_system),
            Rows(_values) - found.narrow(1, 0, _length),
            upper: false,
            left: true,
            unitriangular: true
        );
        var read = found.narrow(1, _length, _length).Plus(Rows(_mixing).bmm(changes));
        var after = (start * Rows(_kept)).Plus(Rows(_writes).bmm(changes));
        return (read.view(memory.shape[0], _heads, _length, -1), after.view(memory.shape));

        Tensor Rows(Tensor all) => all.narrow(0, first * _heads, start.shape[0]);
    }

    /// <summary>Runs one token of each of B sequences, without gradient.</summary>
    /// <param name="tokens">The tokens, <c>[B, heads, 1, …]</c>; borrowed.</param>
    /// <param name="memory">Their memories, <c>[B, heads, keyDim, valueDim]</c>, without gaps; replaced in place by those after.</param>
    /// <returns>What the tokens read, <c>[B, heads, valueDim]</c>.</returns>
    public static Tensor Step(DeltaTokens tokens, Tensor memory)
    {
        var held = memory.flatten(0, 1); // (B·heads, keyDim, valueDim)
        Tensor q = tokens.Queries.flatten(0, 1), // (B·heads, 1, keyDim)
            k = tokens.Keys.flatten(0, 1),
            kept = tokens.Decays.exp().view(-1, 1, 1);
        // Both look-ups in one pass over the memory as it was; the token's own change is added to what the query finds.
        var found = cat([k, q], 1).bmm(held) * kept;
        var changes = (tokens.Values.flatten(0, 1) - found.narrow(1, 0, 1)) * tokens.Rates.view(-1, 1, 1);
        held.mul_(kept).AddProduct_(k.transpose(1, 2), changes);
        var read = found.narrow(1, 1, 1).Plus((q * k).sum([2], keepdim: true) * changes);
        return read.view(memory.shape[0], memory.shape[1], -1);
    }
}
