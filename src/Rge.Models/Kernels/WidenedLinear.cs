using System.Runtime.Intrinsics.X86;
using Rge.Models.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace Rge.Models.Kernels;

/// <summary>
/// The affine map of bfloat16 weights on processors whose instructions do not multiply them: a part of the weight at a time is converted to
/// float32, which fits the cache, and multiplied as such. torch's own product reads one number after the other there, and takes several
/// times as long.
/// </summary>
/// <remarks>Computes in float32 and rounds once, at the end. Without a gradient. Safe to use from several threads.</remarks>
internal static class WidenedLinear
{
    /// <summary>Numbers of a part: 4 MB in float32.</summary>
    private const long PartNumbers = 1 << 20;

    /// <summary>Fewest outputs of a part: with less, the product spends its time on rearranging its input.</summary>
    private const long FewestOutputs = 256;

    /// <summary>Whether products are taken so: where the processor has no AVX-512, for which torch's libraries have code.</summary>
    public static bool Enabled { get; set; } = IsFaster;

    /// <summary>What <see cref="Enabled"/> is by the processor.</summary>
    public static bool IsFaster => X86Base.IsSupported && !Avx512BW.IsSupported;

    /// <summary>True where <see cref="Multiply"/> takes all three.</summary>
    public static bool Supports(Tensor x, Tensor weight, Tensor? bias) =>
        Enabled
        && CpuKernels.Enabled
        && IsWanted(x)
        && x.dim() == 2
        && IsWanted(weight)
        && weight.dim() == 2
        && x.size(1) == weight.size(1)
        && (bias is null || (IsWanted(bias) && bias.dim() == 1 && bias.size(0) == weight.size(0)));

    /// <summary>The affine map y = W x + b.</summary>
    /// <param name="x">bfloat16 <c>[N, in]</c>.</param>
    /// <param name="weight">bfloat16 <c>[out, in]</c>; may lie in a memory-mapped file.</param>
    /// <param name="bias">bfloat16 <c>[out]</c>, or null.</param>
    /// <returns>bfloat16 <c>[N, out]</c>, attached to the current dispose scope.</returns>
    public static Tensor Multiply(Tensor x, Tensor weight, Tensor? bias)
    {
        if (!Supports(x, weight, bias))
            throw new ArgumentException("Expected bfloat16 matrices of one width on the CPU, without a gradient.", nameof(x));
        var (outputs, inputs) = (weight.size(0), weight.size(1));
        var part = Math.Max(FewestOutputs, PartNumbers / Math.Max(1, inputs));
        var y = empty([x.size(0), outputs], ScalarType.BFloat16);
        using var scope = NewDisposeScope();
        var wide = x.to(ScalarType.Float32);
        for (var first = 0L; first < outputs; first += part)
        {
            using var step = NewDisposeScope();
            var count = Math.Min(part, outputs - first);
            var product = wide.mm(weight.narrow(0, first, count).to(ScalarType.Float32).t());
            if (bias is not null)
                product.Add_(bias.narrow(0, first, count).to(ScalarType.Float32));
            y.narrow(1, first, count).copy_(product);
        }
        return y;
    }

    private static bool IsWanted(Tensor tensor) =>
        tensor.dtype == ScalarType.BFloat16 && tensor.device_type == DeviceType.CPU && !(tensor.requires_grad && is_grad_enabled());
}
