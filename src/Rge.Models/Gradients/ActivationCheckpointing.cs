using Rge.Models.Kernels;
using Rge.Models.Layers;
using static TorchSharp.torch;

namespace Rge.Models.Gradients;

/// <summary>
/// Runs a layer without keeping what its backward pass needs, and runs it again there (activation checkpointing): of a layer only its input
/// stays in memory. What is trained in the layer gets its gradient from the inner backward pass.
/// </summary>
internal sealed class ActivationCheckpointing : KernelFunction<ActivationCheckpointing>
{
    /// <summary>A layer of residual stream, rotary table and, for a decoder's last layer, the tokens whose result is wanted.</summary>
    /// <remarks>Called again in the backward pass: it must hold no tensor of the step but those it is given.</remarks>
    public delegate Tensor Layer(Tensor x, RotaryTable rotary, Tensor? outputTokens);

    /// <summary>Runs a layer; where gradients are off this is the layer alone.</summary>
    public static Tensor Run(Layer layer, Tensor x, RotaryTable rotary, Tensor? outputTokens)
    {
        if (!is_grad_enabled())
            return layer(x, rotary, outputTokens);
        // The function is part of the graph only if an input asks for a gradient, which of the first layer perhaps only its weights do.
        using var anchor = zeros(1).requires_grad_(true);
        return apply(x, rotary.Cos, rotary.Sin, outputTokens!, anchor, layer);
    }

    protected override Tensor Forward(autograd.AutogradContext context, object[] inputs)
    {
        Tensor x = (Tensor)inputs[0],
            cos = (Tensor)inputs[1],
            sin = (Tensor)inputs[2];
        var outputTokens = (Tensor?)inputs[3];
        var layer = (Layer)inputs[5];
        context.save_for_backward(outputTokens is null ? [x, cos, sin] : [x, cos, sin, outputTokens]);
        context.save_data("layer", layer);
        context.save_data("asked", x.requires_grad);
        return layer(x, new RotaryTable(cos, sin), outputTokens);
    }

    protected override List<Tensor?> Backward(autograd.AutogradContext context, List<Tensor> saved, Tensor gradient)
    {
        using var enabled = enable_grad();
        var x = saved[0].detach().requires_grad_((bool)context.get_data("asked"));
        var y = ((Layer)context.get_data("layer"))(x, new RotaryTable(saved[1], saved[2]), saved.ElementAtOrDefault(3));
        // Not so where all that is trained is in other layers.
        if (y.requires_grad)
            y.backward([gradient]);
        return [x.requires_grad ? x.grad : null, null, null, null, null, null];
    }
}
