using static TorchSharp.torch;

namespace Rge.Models.Layers;

/// <summary>Layer norm over the last dimension, with weight and bias, computed in float32.</summary>
internal sealed class LayerNorm(Tensor weight, Tensor bias, double epsilon) : INorm
{
    public Tensor Forward(Tensor x)
    {
        const ScalarType Wide = ScalarType.Float32;
        return nn.functional.layer_norm(x.to(Wide), weight.shape, weight.to(Wide), bias.to(Wide), epsilon).to(weight.dtype);
    }
}
