using System.Numerics;
using Rge.Models.Tensors;
using static TorchSharp.torch;

namespace Rge.Models.Kernels;

/// <summary>Gate, up → silu(gate) · up.</summary>
internal sealed class SiluProductFunction : KernelFunction<SiluProductFunction>
{
    private const int Grain = 1 << 14;

    protected override Tensor Forward(autograd.AutogradContext context, object[] inputs)
    {
        Tensor gate = (Tensor)inputs[0],
            up = (Tensor)inputs[1];
        context.save_for_backward([gate, up]);
        return CpuKernels.SiluProduct(gate, up);
    }

    protected override unsafe List<Tensor?> Backward(autograd.AutogradContext context, List<Tensor> saved, Tensor gradient)
    {
        Tensor gateGradient = empty_like(saved[0]),
            upGradient = empty_like(saved[0]);
        ThreadTeam.For(
            (int)(gradient.NumberOfElements / Vector<float>.Count),
            Grain / Vector<float>.Count,
            new SiluProductGradientBody
            {
                Gate = (float*)TensorPointer.Of(saved[0]),
                Up = (float*)TensorPointer.Of(saved[1]),
                Gradient = (float*)TensorPointer.Of(gradient),
                GateGradient = (float*)TensorPointer.Of(gateGradient),
                UpGradient = (float*)TensorPointer.Of(upGradient),
            }
        );
        return [gateGradient, upGradient];
    }
}
