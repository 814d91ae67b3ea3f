using Rge.Models.Kernels;
using Rge.Models.Tensors;
using static TorchSharp.torch;

namespace Rge.Models.Layers;

/// <summary>Root-mean-square norm over the last dimension, x / √(mean(x²) + ε) · weight, computed in float32.</summary>
internal sealed class RmsNorm(Tensor weight, double epsilon) : INorm
{
    public Tensor Forward(Tensor x)
    {
        if (CpuKernels.SupportsRmsNorm(x, weight))
            return CpuKernels.RmsNorm(x, weight, epsilon);
        if (GradientKernels.SupportsRmsNorm(x, weight))
            return GradientKernels.RmsNorm(x, weight, epsilon);
        var wide = x.to(ScalarType.Float32);
        return (wide * (wide * wide).mean([-1], keepdim: true).Plus(epsilon).rsqrt_() * weight).to(weight.dtype);
    }
}
