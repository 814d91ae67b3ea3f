using Rge.Models.Kernels;
using static TorchSharp.torch;

namespace Rge.Models.Layers;

/// <summary>Gated MLP: <c>down(activation(gate(x)) · up(x))</c>.</summary>
internal sealed class GatedFeedForward(Linear gate, Linear up, Linear down, Func<Tensor, Tensor> activation) : IFeedForward
{
    private readonly bool _isSilu = activation == Activations.Silu;

    public Tensor Forward(Tensor x) => down.Forward(Gated(x));

    private Tensor Gated(Tensor x)
    {
        if (_isSilu && gate.IsProduct && up.IsProduct && CpuKernels.SupportsLinear(x, gate.Weight) && CpuKernels.SupportsLinear(x, up.Weight))
            return CpuKernels.GatedLinear(x, gate.Weight, up.Weight);
        Tensor gates = gate.Forward(x), ups = up.Forward(x);
        if (_isSilu && CpuKernels.SupportsSiluProduct(gates, ups)) return CpuKernels.SiluProduct(gates, ups);
        return _isSilu && GradientKernels.SupportsSiluProduct(gates, ups)
            ? GradientKernels.SiluProduct(gates, ups)
            : (activation(gates.to(ScalarType.Float32)) * ups).to(x.dtype);
    }
}
