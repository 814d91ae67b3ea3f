using Rge.Models.Inference;
using Rge.Models.Layers;
using Rge.Models.Tensors;
using static TorchSharp.torch;

namespace Rge.Models;

/// <summary>A look at gated delta nets from outside. Stateless; as thread-safe as the state that is given.</summary>
public static class DeltaNetProbe
{
    /// <summary>
    /// Runs the recurrence of one decoder layer alone, without gradient, after what a slot holds of it already: to compare a gated delta
    /// net with a reference. The state is of use to this layer only from then on.
    /// </summary>
    /// <param name="model">The model.</param>
    /// <param name="layer">Number of the layer, from 0; one of <see cref="Configuration.DeltaNetConfig.Layers"/>.</param>
    /// <param name="input">What the layer's norm gives the tokens, <c>[T, hidden]</c>, on the model's device.</param>
    /// <param name="state">The state to extend.</param>
    /// <param name="slot">The slot.</param>
    /// <returns>What the layer adds to the residual stream before its MLP, <c>[T, hidden]</c>; the caller disposes.</returns>
    /// <exception cref="ArgumentException">The layer is no gated delta net, the input has another shape, or the slot does not exist or is
    /// full.</exception>
    public static Tensor Recur(this QwenVlModel model, int layer, Tensor input, DecodingState state, int slot)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(input);
        ArgumentNullException.ThrowIfNull(state);
        if (model.Config.Text.DeltaNet?.Layers.Contains(layer) != true)
            throw new ArgumentException($"Layer {layer} is no gated delta net.", nameof(layer));
        if (input.dim() != 2 || input.shape[0] == 0 || input.shape[1] != model.Config.Text.HiddenSize)
            throw new ArgumentException(
                $"The input is [{string.Join(", ", input.shape)}], expected [T, {model.Config.Text.HiddenSize}] with at least one token.",
                nameof(input)
            );
        var tokens = checked((int)input.shape[0]);
        state.RequireRoom(slot, tokens);
        using var gradients = no_grad();
        using var scope = NewDisposeScope();
        TokenRun[] runs = [new(0, tokens, Slot: slot, Past: state.Length(slot))];
        Tensor slots = HostTransfers.Upload([slot], model.Device),
            pasts = HostTransfers.Upload([state.Length(slot)], model.Device);
        var pass = new TokenPass(runs, new SpanAttention(new SpanSet(runs, slots, pasts)), state.Layers);
        var output = model.Language.Recur(layer, input.to(model.DType), pass, state.Layers[layer]);
        state.Advance(slot, tokens, state.NextPosition(slot) + tokens);
        return output.MoveToOuterDisposeScope();
    }
}
