using Rge.Models.Kernels;
using Rge.Models.Tensors;
using static TorchSharp.torch;

namespace Rge.Models.Layers;

/// <summary>Cosines and sines of rotary angles, each <c>[N, 1, rotaryDim / 2]</c>, so that they broadcast over heads.</summary>
internal readonly record struct RotaryTable(Tensor Cos, Tensor Sin)
{
    /// <summary>Makes the table of the given angles <c>[N, rotaryDim / 2]</c>.</summary>
    public static RotaryTable Create(Tensor angles, ScalarType dtype)
    {
        // Without gaps, as the kernels want it.
        var broadcast = angles.contiguous().unsqueeze(1);
        return new RotaryTable(broadcast.cos().to(dtype), broadcast.sin().to(dtype));
    }

    /// <summary>
    /// Rotates each pair (x[i], x[i + rotaryDim/2]) of <c>[N, heads, headDim]</c> by its angle; what a head has beyond rotaryDim passes. x
    /// may be overwritten.
    /// </summary>
    public Tensor Rotate(Tensor x)
    {
        if (CpuKernels.SupportsRotate(x, Cos, Sin))
        {
            CpuKernels.Rotate(x, Cos, Sin);
            return x;
        }
        if (GradientKernels.SupportsRotate(x, Cos, Sin))
            return GradientKernels.Rotate(x, Cos, Sin);
        var half = Cos.shape[^1];
        Tensor first = x.narrow(-1, 0, half),
            second = x.narrow(-1, half, half);
        var rest = x.narrow(-1, 2 * half, x.shape[^1] - 2 * half);
        return cat([first * Cos - second * Sin, (second * Cos).Plus(first * Sin), rest], -1).to(x.dtype);
    }
}
