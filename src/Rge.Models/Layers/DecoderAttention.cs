using Rge.Models.Configuration;
using Rge.Models.Kernels;
using static TorchSharp.torch;

namespace Rge.Models.Layers;

/// <summary>Self-attention with grouped key and value heads over packed tokens: projections see all tokens at once, whatever the pattern.</summary>
internal sealed class DecoderAttention(TextConfig config, int layer, Linear query, Linear key, Linear value, Linear output, INorm? queryNorm, INorm? keyNorm)
{
    /// <param name="x">Normalised hidden states <c>[N, hidden]</c>.</param>
    /// <param name="rotary">Rotary table of the N positions.</param>
    /// <param name="pattern">Who attends to whom.</param>
    /// <param name="outputTokens">Tokens whose result is wanted, int64 <c>[R]</c>; null for all.</param>
    /// <returns><c>[N, hidden]</c>, or <c>[R, hidden]</c></returns>
    public Tensor Forward(Tensor x, RotaryTable rotary, IAttentionPattern pattern, Tensor? outputTokens)
    {
        var count = x.shape[0];
        Tensor q = query.Forward(x).view(count, config.NumAttentionHeads, config.HeadDim);
        Tensor k = key.Forward(x).view(count, config.NumKeyValueHeads, config.HeadDim);
        Tensor v = value.Forward(x).view(count, config.NumKeyValueHeads, config.HeadDim);
        if (queryNorm is not null && keyNorm is not null) (q, k) = (queryNorm.Forward(q), keyNorm.Forward(k));
        if (pattern.WantsFloat32Queries) (q, k) = (q.to(ScalarType.Float32), k.to(ScalarType.Float32));
        var attended = pattern.Attend(layer, rotary.Rotate(q), rotary.Rotate(k), v);
        return output.Forward(outputTokens is null ? attended : GradientKernels.GatherRows(attended, outputTokens));
    }
}
