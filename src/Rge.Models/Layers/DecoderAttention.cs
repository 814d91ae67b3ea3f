using Rge.Models.Configuration;
using Rge.Models.Kernels;
using static TorchSharp.torch;

namespace Rge.Models.Layers;

/// <summary>
/// Self-attention with grouped key and value heads over packed tokens: projections see all tokens at once, whatever the pattern.
/// </summary>
internal sealed class DecoderAttention(
    TextConfig config,
    Linear query,
    Linear key,
    Linear value,
    Linear output,
    INorm? queryNorm,
    INorm? keyNorm
) : ITokenMixer
{
    public ILayerState CreateState(int slots, int capacity, ScalarType dtype, Device device) =>
        new KvCache(slots, config.NumKeyValueHeads, capacity, config.HeadDim, dtype, device);

    public Tensor Forward(Tensor x, RotaryTable rotary, TokenPass pass, ILayerState? state, Tensor? outputTokens)
    {
        var count = x.shape[0];
        var (q, gate) = Queries(x);
        Tensor k = key.Forward(x).view(count, config.NumKeyValueHeads, config.HeadDim);
        Tensor v = value.Forward(x).view(count, config.NumKeyValueHeads, config.HeadDim);
        if (queryNorm is not null && keyNorm is not null)
            (q, k) = (queryNorm.Forward(q), keyNorm.Forward(k));
        if (pass.Attention.WantsFloat32Queries)
            (q, k) = (q.to(ScalarType.Float32), k.to(ScalarType.Float32));
        var attended = pass.Attention.Attend((KvCache?)state, rotary.Rotate(q), rotary.Rotate(k), v);
        if (gate is not null)
            attended = (attended * gate.to(ScalarType.Float32).sigmoid()).to(x.dtype);
        return output.Forward(outputTokens is null ? attended : GradientKernels.GatherRows(attended, outputTokens));
    }

    /// <summary>
    /// Queries <c>[N, heads, headDim]</c>, and gates <c>[N, heads · headDim]</c> where the projection gives each head one beside its query.
    /// </summary>
    private (Tensor Queries, Tensor? Gates) Queries(Tensor x)
    {
        var projected = query.Forward(x).view(x.shape[0], config.NumAttentionHeads, -1);
        if (!config.AttentionGate)
            return (projected, null);
        Tensor queries = projected.narrow(2, 0, config.HeadDim),
            gates = projected.narrow(2, config.HeadDim, config.HeadDim);
        return (queries.contiguous(), gates.reshape(x.shape[0], -1));
    }
}
