using Rge.Models.Kernels;
using Rge.Models.Tensors;
using static TorchSharp.torch;

namespace Rge.Models.Layers;

/// <summary>The activation functions that config.json names.</summary>
internal static class Activations
{
    /// <summary>Finds a function by its name in config.json.</summary>
    public static Func<Tensor, Tensor> Named(string name) =>
        name switch
        {
            "silu" => Silu,
            "gelu" => Gelu,
            "gelu_pytorch_tanh" => GeluTanh,
            "quick_gelu" => QuickGelu,
            _ => throw new ArgumentException($"'{name}' is not an activation that is known here.", nameof(name)),
        };

    public static Tensor Silu(Tensor x) => nn.functional.silu(x);

    /// <summary>silu(gates) · x, element by element, for two tensors of one shape; in the number type of x.</summary>
    public static Tensor SiluProduct(Tensor gates, Tensor x)
    {
        if (CpuKernels.SupportsSiluProduct(gates, x))
            return CpuKernels.SiluProduct(gates, x);
        return GradientKernels.SupportsSiluProduct(gates, x)
            ? GradientKernels.SiluProduct(gates, x)
            : (Silu(gates.to(ScalarType.Float32)) * x).to(x.dtype);
    }

    public static Tensor Gelu(Tensor x) => nn.functional.gelu(x);

    /// <summary>0.5 x (1 + tanh(√(2/π) (x + 0.044715 x³))).</summary>
    public static Tensor GeluTanh(Tensor x)
    {
        using var inner = x.Plus((x * x * x).Times(0.044715)).Times(Math.Sqrt(2 / Math.PI));
        return x.Times(0.5) * inner.tanh().Plus(1);
    }

    /// <summary>x · sigmoid(1.702 x).</summary>
    public static Tensor QuickGelu(Tensor x)
    {
        var wide = x.to(ScalarType.Float32);
        return (wide * wide.Times(1.702).sigmoid()).to(x.dtype);
    }
}
