using Rge.Models.Kernels;
using Rge.Models.Tensors;
using static TorchSharp.torch;

namespace Rge.Models.Layers;

/// <summary>A pre-norm block of the decoder: attention and gated MLP, each added to the residual stream.</summary>
internal sealed class DecoderLayer(INorm inputNorm, DecoderAttention attention, INorm postAttentionNorm, IFeedForward mlp)
{
    /// <param name="x">Hidden states <c>[N, hidden]</c>.</param>
    /// <param name="rotary">Rotary table of the N positions.</param>
    /// <param name="pattern">Who attends to whom.</param>
    /// <param name="outputTokens">Tokens whose result is wanted, int64 <c>[R]</c>; null for all.</param>
    public Tensor Forward(Tensor x, RotaryTable rotary, IAttentionPattern pattern, Tensor? outputTokens)
    {
        var attended = attention.Forward(inputNorm.Forward(x), rotary, pattern, outputTokens);
        x = (outputTokens is null ? x : GradientKernels.GatherRows(x, outputTokens)).Plus(attended);
        return x.Plus(mlp.Forward(postAttentionNorm.Forward(x)));
    }
}
