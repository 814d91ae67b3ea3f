using static TorchSharp.torch;

namespace Rge.Models.Layers;

/// <summary>A pre-norm block of the decoder: attention and gated MLP, each added to the residual stream.</summary>
internal sealed class DecoderLayer(INorm inputNorm, DecoderAttention attention, INorm postAttentionNorm, IFeedForward mlp)
{
    public Tensor Forward(Tensor x, RotaryTable rotary, SpanSet spans, KvCache? cache)
    {
        x = x + attention.Forward(inputNorm.Forward(x), rotary, spans, cache);
        return x + mlp.Forward(postAttentionNorm.Forward(x));
    }
}
