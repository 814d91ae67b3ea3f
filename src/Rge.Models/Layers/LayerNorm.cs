using static TorchSharp.torch;

namespace Rge.Models.Layers;

/// <summary>Layer norm over the last dimension, with weight and bias.</summary>
internal sealed class LayerNorm(Tensor weight, Tensor bias, double epsilon) : INorm
{
    public Tensor Forward(Tensor x) => nn.functional.layer_norm(x, weight.shape, weight, bias, epsilon);
}
