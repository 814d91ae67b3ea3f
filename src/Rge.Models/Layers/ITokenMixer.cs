using static TorchSharp.torch;

namespace Rge.Models.Layers;

/// <summary>The part of a decoder layer in which a token sees those before it: attention, or a recurrence.</summary>
internal interface ITokenMixer
{
    /// <summary>Allocates what the layer carries of sequences from one pass to the next; the caller disposes.</summary>
    /// <param name="slots">Sequences it can hold.</param>
    /// <param name="capacity">Tokens of each; of no matter to a state of constant size.</param>
    /// <param name="dtype">Number type of the model.</param>
    /// <param name="device">Where the model runs.</param>
    ILayerState CreateState(int slots, int capacity, ScalarType dtype, Device device);

    /// <param name="x">Normalized hidden states <c>[N, hidden]</c>.</param>
    /// <param name="rotary">Rotary table of the N positions.</param>
    /// <param name="pass">Which tokens come before which.</param>
    /// <param name="state">
    /// What <see cref="CreateState"/> has made, extended by the tokens of each run that has a slot; null where sequences stand alone.
    /// </param>
    /// <param name="outputTokens">Tokens whose result is wanted, int64 <c>[R]</c>; null for all.</param>
    /// <returns><c>[N, hidden]</c>, or <c>[R, hidden]</c></returns>
    Tensor Forward(Tensor x, RotaryTable rotary, TokenPass pass, ILayerState? state, Tensor? outputTokens);
}
