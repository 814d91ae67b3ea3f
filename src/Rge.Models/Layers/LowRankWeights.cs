using Rge.Models.Tensors;
using static TorchSharp.torch;

namespace Rge.Models.Layers;

/// <summary>
/// A low-rank change of a linear layer's weight W: LoRA, W + s·B·A (Hu et al., 2021), or with magnitudes DoRA, each row of W + s·B·A
/// rescaled to the length m (Liu et al., 2024).
/// </summary>
/// <remarks>Owns its tensors. Not thread-safe while they are trained, else safe.</remarks>
public sealed class LowRankWeights : IDisposable
{
    /// <summary>Takes the tensors over.</summary>
    /// <param name="a">A, <c>[r, in]</c>.</param>
    /// <param name="b">B, <c>[out, r]</c>.</param>
    /// <param name="scale">s: alpha / r, or alpha / √r when rank-stabilised.</param>
    /// <param name="magnitude">m, <c>[out]</c>, for DoRA.</param>
    /// <exception cref="ArgumentException">The shapes do not go together.</exception>
    public LowRankWeights(Tensor a, Tensor b, double scale, Tensor? magnitude = null)
    {
        ArgumentNullException.ThrowIfNull(a);
        ArgumentNullException.ThrowIfNull(b);
        if (
            a.dim() != 2
            || b.dim() != 2
            || a.shape[0] != b.shape[1]
            || (magnitude is not null && (magnitude.dim() != 1 || magnitude.shape[0] != b.shape[0]))
        )
            throw new ArgumentException(
                $"A is {Show(a)}, B {Show(b)}, the magnitude {(magnitude is null ? "none" : Show(magnitude))}, expected [r, in], [out, "
                    + "r] and [out].",
                nameof(a)
            );
        (A, B, Scale, Magnitude) = (a, b, scale, magnitude);
    }

    /// <summary>A, <c>[r, in]</c>.</summary>
    public Tensor A { get; }

    /// <summary>B, <c>[out, r]</c>.</summary>
    public Tensor B { get; }

    /// <summary>r.</summary>
    public int Rank => (int)A.shape[0];

    /// <summary>s, the factor of B·A.</summary>
    public double Scale { get; }

    /// <summary>m, <c>[out]</c>: the length of each row of the changed weight (DoRA); <see langword="null"/> for LoRA.</summary>
    public Tensor? Magnitude { get; }

    /// <summary>True where a part of the change is trained.</summary>
    internal bool IsTrained => A.requires_grad || B.requires_grad || Magnitude?.requires_grad == true;

    /// <summary>The changed weight, computed in float32, without gradient.</summary>
    /// <param name="weight">W, <c>[out, in]</c>; borrowed.</param>
    /// <returns>A new tensor of the weight's number type and device; the caller disposes.</returns>
    /// <exception cref="ArgumentException">The weight has another shape.</exception>
    public Tensor Merge(Tensor weight)
    {
        using var gradients = no_grad();
        using var scope = NewDisposeScope();
        var sum = Sum(weight);
        if (Magnitude is not null)
            sum.mul_((Magnitude.to(ScalarType.Float32) / Norm(sum)).unsqueeze(1));
        return sum.to(weight.dtype).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// The length of each row of W + s·B·A, which DoRA divides by: y = (m / norm) ⊙ (W x + s·B·A x) + bias. Computed in float32, without
    /// gradient: in training, too, the norm counts as a constant.
    /// </summary>
    /// <param name="weight">W, <c>[out, in]</c>; borrowed.</param>
    /// <returns><c>[out]</c>, float32, on the weight's device; the caller disposes.</returns>
    /// <exception cref="ArgumentException">The weight has another shape.</exception>
    public Tensor RowNorm(Tensor weight)
    {
        using var gradients = no_grad();
        using var scope = NewDisposeScope();
        return Norm(Sum(weight)).MoveToOuterDisposeScope();
    }

    private Tensor Sum(Tensor weight)
    {
        ArgumentNullException.ThrowIfNull(weight);
        if (weight.dim() != 2 || weight.shape[0] != B.shape[0] || weight.shape[1] != A.shape[1])
            throw new ArgumentException($"The weight is {Show(weight)}, expected [{B.shape[0]}, {A.shape[1]}].", nameof(weight));
        return B.to(ScalarType.Float32).mm(A.to(ScalarType.Float32)).Mul_(Scale).Add_(weight);
    }

    /// <summary>The length of each row.</summary>
    internal static Tensor Norm(Tensor sum) => (sum * sum).sum([1]).sqrt();

    private static string Show(Tensor tensor) => $"[{string.Join(", ", tensor.shape)}]";

    /// <summary>Frees the tensors.</summary>
    public void Dispose()
    {
        A.Dispose();
        B.Dispose();
        Magnitude?.Dispose();
    }
}
