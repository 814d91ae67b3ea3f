using Rge.Models.Tensors;
using static TorchSharp.torch;

namespace Rge.Models.Layers;

/// <summary>An affine map, y = W x + b, with an optional low-rank adapter on top.</summary>
/// <remarks>Holds its tensors without owning them: they belong to the model's parameters.</remarks>
public sealed class Linear
{
    /// <summary>Length of each row of the changed weight, which DoRA divides by, while nothing of it is trained.</summary>
    private Tensor? _rowNorm;

    internal Linear(string name, LinearWeight weight, Tensor? bias)
    {
        Name = name;
        Weight = weight;
        Bias = bias;
    }

    /// <summary>Module name by the newest Hugging Face convention, for example <c>model.language_model.layers.0.mlp.up_proj</c>.</summary>
    public string Name { get; }

    /// <summary>W.</summary>
    public LinearWeight Weight { get; }

    /// <summary>Bias <c>[out]</c>, or <see langword="null"/>.</summary>
    public Tensor? Bias { get; }

    /// <summary>The low-rank change that is applied on the fly, or <see langword="null"/>. Borrowed.</summary>
    public LowRankWeights? Adapter { get; private set; }

    /// <summary>True where the map is the product with <see cref="Weight"/> and nothing else.</summary>
    internal bool IsProduct => Adapter is null && Bias is null;

    /// <summary>Applies a low-rank change on the fly from now on, instead of one applied before.</summary>
    /// <exception cref="ArgumentException">Its shape is not that of <see cref="Weight"/>.</exception>
    internal void Attach(LowRankWeights adapter)
    {
        var norm = Weight.RowNorms(adapter).DetachFromDisposeScope();
        _rowNorm?.Dispose();
        (Adapter, _rowNorm) = (adapter, norm);
    }

    /// <summary>
    /// <c>[N, in]</c> → <c>[N, out]</c>. An adapter computes in its own number type, customarily float32 beside bfloat16 weights.
    /// </summary>
    internal Tensor Forward(Tensor x)
    {
        if (Adapter is null)
            return Weight.Multiply(x, Bias);
        var low = DenseWeight.Multiply(x.to(Adapter.A.dtype), Adapter.A, bias: null);
        var y = Weight.Multiply(x, bias: null).Plus(DenseWeight.Multiply(low, Adapter.B, bias: null).Times(Adapter.Scale));
        if (Adapter.Magnitude is not null)
        {
            // What is trained may have changed since the last pass, with or without a gradient in this one.
            var norm = Adapter.IsTrained || Weight.IsTrained ? Weight.RowNorms(Adapter) : _rowNorm!;
            y = y * (Adapter.Magnitude / norm);
        }
        return (Bias is null ? y : y.Plus(Bias)).to(x.dtype);
    }

    /// <summary>Frees what was computed for the adapter.</summary>
    internal void Detach()
    {
        _rowNorm?.Dispose();
        (Adapter, _rowNorm) = (null, null);
    }
}
