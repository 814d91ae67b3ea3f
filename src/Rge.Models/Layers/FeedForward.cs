using static TorchSharp.torch;

namespace Rge.Models.Layers;

/// <summary>Two projections with an activation between: <c>second(activation(first(x)))</c>.</summary>
internal sealed class FeedForward(Linear first, Func<Tensor, Tensor> activation, Linear second) : IFeedForward
{
    /// <summary>Makes one of two linear layers with biases.</summary>
    /// <param name="factory">Makes the linear layers.</param>
    /// <param name="first">Module name of the first.</param>
    /// <param name="second">Module name of the second.</param>
    /// <param name="inputs">Width that comes in.</param>
    /// <param name="inner">Width between the two.</param>
    /// <param name="outputs">Width that comes out.</param>
    /// <param name="activation">What is applied between the two.</param>
    public static FeedForward Create(
        LayerFactory factory,
        string first,
        string second,
        long inputs,
        long inner,
        long outputs,
        Func<Tensor, Tensor> activation
    ) => new(factory.Linear(first, inputs, inner, bias: true), activation, factory.Linear(second, inner, outputs, bias: true));

    public Tensor Forward(Tensor x) => second.Forward(activation(first.Forward(x)));
}
