using static TorchSharp.torch;

namespace Rge.Models.Layers;

/// <summary>
/// The weight of a linear layer, whatever form it is stored in. What is done with it is done here: nothing else needs to know the form.
/// </summary>
/// <remarks>Borrows its tensors: they belong to the model's parameters.</remarks>
public abstract class LinearWeight
{
    /// <summary>Width that comes out.</summary>
    public abstract long Outputs { get; }

    /// <summary>Width that comes in.</summary>
    public abstract long Inputs { get; }

    /// <summary>Where the weight lies.</summary>
    public abstract Device Device { get; }

    /// <summary>Whether the weight is trained.</summary>
    public abstract bool IsTrained { get; }

    /// <summary>The weight as numbers <c>[out, in]</c>, for what must compute with them or save them.</summary>
    /// <returns>A tensor of float16, bfloat16 or float32; the caller disposes, which leaves the weight as it is.</returns>
    public abstract Tensor ToDense();

    /// <summary>The length of each row, in float32, without gradient.</summary>
    /// <returns><c>[out]</c>, on the weight's device; the caller disposes.</returns>
    public virtual Tensor RowNorms()
    {
        using var gradients = no_grad();
        using var scope = NewDisposeScope();
        return LowRankWeights.Norm(ToDense().to(ScalarType.Float32)).MoveToOuterDisposeScope();
    }

    /// <summary>The length of each row of the weight with a low-rank change; see <see cref="LowRankWeights.RowNorm"/>.</summary>
    /// <exception cref="ArgumentException">The change is of another shape.</exception>
    internal virtual Tensor RowNorms(LowRankWeights change)
    {
        using var dense = ToDense();
        return change.RowNorm(dense);
    }

    /// <summary>W x + b: <c>[N, in]</c> → <c>[N, out]</c>.</summary>
    internal abstract Tensor Multiply(Tensor x, Tensor? bias);

    /// <summary>silu(W x) · (U x) in one pass over both weights; null where there is no kernel for it.</summary>
    /// <param name="x"><c>[N, in]</c></param>
    /// <param name="up">U, of the shape of this weight.</param>
    internal virtual Tensor? MultiplyGated(Tensor x, LinearWeight up) => null;
}
