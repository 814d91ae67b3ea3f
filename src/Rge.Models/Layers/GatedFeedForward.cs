using static TorchSharp.torch;

namespace Rge.Models.Layers;

/// <summary>Gated MLP: <c>down(activation(gate(x)) · up(x))</c>.</summary>
internal sealed class GatedFeedForward(Linear gate, Linear up, Linear down, Func<Tensor, Tensor> activation) : IFeedForward
{
    public Tensor Forward(Tensor x) => down.Forward((activation(gate.Forward(x).to(ScalarType.Float32)) * up.Forward(x)).to(x.dtype));
}
