using static TorchSharp.torch;

namespace Rge.Models.Layers;

/// <summary>An affine map, y = W x + b, with an optional low-rank adapter on top.</summary>
/// <remarks>Holds its tensors without owning them: they belong to the model's parameters.</remarks>
public sealed class Linear
{
    internal Linear(string name, Tensor weight, Tensor? bias)
    {
        Name = name;
        Weight = weight;
        Bias = bias;
    }

    /// <summary>Module name by the newest Hugging Face convention, for example <c>model.language_model.layers.0.mlp.up_proj</c>.</summary>
    public string Name { get; }

    /// <summary>Weight <c>[out, in]</c>.</summary>
    public Tensor Weight { get; internal set; }

    /// <summary>Bias <c>[out]</c>, or <see langword="null"/>.</summary>
    public Tensor? Bias { get; }

    internal Tensor Forward(Tensor x) => nn.functional.linear(x, Weight, Bias);
}
