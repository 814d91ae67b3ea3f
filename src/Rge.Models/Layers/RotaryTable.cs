using Rge.Models.Kernels;
using Rge.Models.Tensors;
using static TorchSharp.torch;

namespace Rge.Models.Layers;

/// <summary>Cosines and sines of rotary angles, each <c>[N, 1, headDim / 2]</c>, so that they broadcast over heads.</summary>
internal readonly record struct RotaryTable(Tensor Cos, Tensor Sin)
{
    /// <summary>Makes the table of the given angles <c>[N, headDim / 2]</c>.</summary>
    public static RotaryTable Create(Tensor angles, ScalarType dtype)
    {
        // Without gaps, as the kernels want it.
        var broadcast = angles.contiguous().unsqueeze(1);
        return new RotaryTable(broadcast.cos().to(dtype), broadcast.sin().to(dtype));
    }

    /// <summary>Rotates each pair (x[i], x[i + headDim/2]) of <c>[N, heads, headDim]</c> by its angle; x may be overwritten.</summary>
    public Tensor Rotate(Tensor x)
    {
        if (CpuKernels.SupportsRotate(x, Cos, Sin))
        {
            CpuKernels.Rotate(x, Cos, Sin);
            return x;
        }
        if (GradientKernels.SupportsRotate(x, Cos, Sin))
            return GradientKernels.Rotate(x, Cos, Sin);
        var half = x.shape[^1] / 2;
        Tensor first = x.narrow(-1, 0, half),
            second = x.narrow(-1, half, half);
        return cat([first * Cos - second * Sin, (second * Cos).Plus(first * Sin)], -1).to(x.dtype);
    }
}
