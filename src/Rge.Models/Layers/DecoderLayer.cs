using Rge.Models.Kernels;
using Rge.Models.Tensors;
using static TorchSharp.torch;

namespace Rge.Models.Layers;

/// <summary>A pre-norm block of the decoder: attention or a recurrence, and a gated MLP, each added to the residual stream.</summary>
internal sealed class DecoderLayer(INorm inputNorm, ITokenMixer mixer, INorm postAttentionNorm, IFeedForward mlp)
{
    /// <inheritdoc cref="ITokenMixer.CreateState"/>
    public ILayerState CreateState(int slots, int capacity, ScalarType dtype, Device device) =>
        mixer.CreateState(slots, capacity, dtype, device);

    /// <summary>The recurrence alone, on normed hidden states <c>[N, hidden]</c>; not for attention, which wants positions.</summary>
    public Tensor Recur(Tensor x, TokenPass pass, ILayerState state) => mixer.Forward(x, default, pass, state, outputTokens: null);

    /// <param name="x">Hidden states <c>[N, hidden]</c>.</param>
    /// <param name="rotary">Rotary table of the N positions.</param>
    /// <param name="pass">Which tokens come before which.</param>
    /// <param name="state">What <see cref="CreateState"/> has made; null where sequences stand alone.</param>
    /// <param name="outputTokens">Tokens whose result is wanted, int64 <c>[R]</c>; null for all.</param>
    public Tensor Forward(Tensor x, RotaryTable rotary, TokenPass pass, ILayerState? state, Tensor? outputTokens)
    {
        var mixed = mixer.Forward(inputNorm.Forward(x), rotary, pass, state, outputTokens);
        x = (outputTokens is null ? x : GradientKernels.GatherRows(x, outputTokens)).Plus(mixed);
        return x.Plus(mlp.Forward(postAttentionNorm.Forward(x)));
    }
}
