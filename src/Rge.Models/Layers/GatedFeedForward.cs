using static TorchSharp.torch;

namespace Rge.Models.Layers;

/// <summary>Gated MLP: <c>down(activation(gate(x)) · up(x))</c>.</summary>
internal sealed class GatedFeedForward(Linear gate, Linear up, Linear down, Func<Tensor, Tensor> activation) : IFeedForward
{
    private readonly bool _isSilu = activation == Activations.Silu;

    /// <summary>Makes one of three linear layers, <c>gate_proj</c>, <c>up_proj</c> and <c>down_proj</c>.</summary>
    /// <param name="factory">Makes the linear layers.</param>
    /// <param name="name">What their module names start with, a dot at the end.</param>
    /// <param name="width">Width that comes in and goes out.</param>
    /// <param name="inner">Width between.</param>
    /// <param name="bias">Whether the three have biases.</param>
    /// <param name="activation">What is applied to the gates.</param>
    public static GatedFeedForward Create(
        LayerFactory factory,
        string name,
        long width,
        long inner,
        bool bias,
        Func<Tensor, Tensor> activation
    ) =>
        new(
            factory.Linear(name + "gate_proj", width, inner, bias),
            factory.Linear(name + "up_proj", width, inner, bias),
            factory.Linear(name + "down_proj", inner, width, bias),
            activation
        );

    public Tensor Forward(Tensor x) => down.Forward(Gated(x));

    private Tensor Gated(Tensor x)
    {
        if (_isSilu && gate.IsProduct && up.IsProduct && gate.Weight.MultiplyGated(x, up.Weight) is { } gated)
            return gated;
        Tensor gates = gate.Forward(x),
            ups = up.Forward(x);
        return _isSilu ? Activations.SiluProduct(gates, ups) : (activation(gates.to(ScalarType.Float32)) * ups).to(x.dtype);
    }
}
