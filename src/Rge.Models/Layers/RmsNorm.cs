using Rge.Models.Kernels;
using Rge.Models.Tensors;
using static TorchSharp.torch;

namespace Rge.Models.Layers;

/// <summary>Root-mean-square norm over the last dimension, x / √(mean(x²) + ε) · (offset + weight), computed in float32.</summary>
/// <param name="weight"><c>[width]</c></param>
/// <param name="epsilon">ε.</param>
/// <param name="offset">
/// 0, or 1 where the weight is stored as its difference from 1: near zero bfloat16 is finer than near one, so the two are added in float32.
/// </param>
internal sealed class RmsNorm(Tensor weight, double epsilon, double offset = 0) : INorm
{
    public Tensor Forward(Tensor x)
    {
        if (CpuKernels.SupportsRmsNorm(x, weight))
            return CpuKernels.RmsNorm(x, weight, epsilon, offset);
        if (GradientKernels.SupportsRmsNorm(x, weight))
            return GradientKernels.RmsNorm(x, weight, epsilon, offset);
        var wide = x.to(ScalarType.Float32);
        var scale = offset == 0 ? weight : weight.to(ScalarType.Float32).Plus(offset);
        return (wide * (wide * wide).mean([-1], keepdim: true).Plus(epsilon).rsqrt_() * scale).to(weight.dtype);
    }
}
