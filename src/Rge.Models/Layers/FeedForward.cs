using static TorchSharp.torch;

namespace Rge.Models.Layers;

/// <summary>Two projections with an activation between: <c>second(activation(first(x)))</c>.</summary>
internal sealed class FeedForward(Linear first, Func<Tensor, Tensor> activation, Linear second) : IFeedForward
{
    public Tensor Forward(Tensor x) => second.Forward(activation(first.Forward(x)));
}
