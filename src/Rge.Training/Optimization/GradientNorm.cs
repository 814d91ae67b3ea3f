using Rge.Models.Tensors;
using static TorchSharp.torch;

namespace Rge.Training.Optimization;

/// <summary>The norm of all gradients.</summary>
public static class GradientNorm
{
    /// <summary>Measures the Euclidean norm over all gradients, and clips them to a limit.</summary>
    /// <param name="parameters">Parameters; those without a gradient are ignored.</param>
    /// <param name="limit">The largest norm allowed; 0 for no limit.</param>
    /// <returns>The norm before scaling; not finite where a gradient is not.</returns>
    public static double Clip(IEnumerable<Tensor> parameters, double limit)
    {
        using var gradients = no_grad();
        using var scope = NewDisposeScope();
        Tensor[] all = [.. parameters.Select(parameter => parameter.grad).OfType<Tensor>()];
        if (all.Length == 0)
            return 0;
        var norm = Math.Sqrt(stack([.. all.Select(Squares)]).sum().Number());
        if (limit > 0 && norm > limit)
            foreach (var gradient in all)
                gradient.Mul_(limit / (norm + 1e-6));
        return norm;
    }

    /// <summary>The Euclidean norm of one tensor.</summary>
    public static double Compute(Tensor tensor)
    {
        using var gradients = no_grad();
        using var scope = NewDisposeScope();
        return Math.Sqrt(Squares(tensor).Number());
    }

    private static Tensor Squares(Tensor tensor)
    {
        var flat = tensor.to(ScalarType.Float32).reshape(-1);
        return flat.dot(flat);
    }
}
