using static TorchSharp.torch;

namespace Rge.Models.Layers;

/// <summary>
/// Makes layers from parameters by their Hugging Face names, and remembers the linear ones for adapters. Constructors of layers ask it for
/// each parameter once, with the shape that the configuration gives it: what they ask for is the layout of a checkpoint.
/// </summary>
/// <remarks>
/// Design note: to learn the layout without weights, a model is constructed with <see cref="LayoutRecorder"/>, which provides no tensors,
/// and thrown away. Constructors therefore store parameters and read nothing of them.
/// </remarks>
internal abstract class LayerFactory
{
    private readonly Dictionary<string, Linear> _linears = new(StringComparer.Ordinal);

    /// <summary>Every linear layer made so far, by module name.</summary>
    public IReadOnlyDictionary<string, Linear> Linears => _linears;

    /// <summary>The parameter of a name.</summary>
    public abstract Tensor Parameter(string name, params long[] shape);

    /// <summary>The parameter of a name that is kept in float32 whatever the number type of the model.</summary>
    public virtual Tensor Float32Parameter(string name, params long[] shape) => Parameter(name, shape);

    /// <summary>The parameter of a name, or null where the checkpoint has none.</summary>
    public abstract Tensor? OptionalParameter(string name, params long[] shape);

    /// <summary>Integers that a layer computes with beside its parameters, int64 on the device of the model; the factory's.</summary>
    public abstract Tensor Constant(long[] values);

    /// <summary>Numbers that a layer computes with beside its parameters, float32 on the device of the model; the factory's.</summary>
    public abstract Tensor Constant(float[] values);

    /// <summary>The weight of a linear layer.</summary>
    public virtual LinearWeight Weight(string name, long inputs, long outputs) => new DenseWeight(Parameter(name, outputs, inputs));

    /// <summary>The weight of a linear layer, or null where the checkpoint has none.</summary>
    public LinearWeight? OptionalWeight(string name, long inputs, long outputs) =>
        OptionalParameter(name, outputs, inputs) is { } matrix ? new DenseWeight(matrix) : null;

    /// <summary>A table of vectors that are looked up by row.</summary>
    /// <param name="name">The parameter's name.</param>
    /// <param name="rows">Number of vectors.</param>
    /// <param name="width">Length of each.</param>
    /// <param name="padding">The row that gets no gradient from being looked up; null for none.</param>
    public EmbeddingTable Embedding(string name, long rows, long width, int? padding = null) => new(Parameter(name, rows, width), padding);

    /// <summary>An affine map of <c>[N, inputs]</c> to <c>[N, outputs]</c>.</summary>
    public Linear Linear(string module, long inputs, long outputs, bool bias)
    {
        var weight = Weight(module + ".weight", inputs, outputs);
        var linear = new Linear(module, weight, bias ? Parameter(module + ".bias", outputs) : null);
        _linears.Add(module, linear);
        return linear;
    }

    /// <summary>A root-mean-square norm over the last dimension.</summary>
    /// <param name="module">Its name.</param>
    /// <param name="width">Length of that dimension.</param>
    /// <param name="epsilon">Added under the root.</param>
    /// <param name="offset">Added to the stored weight.</param>
    public INorm RmsNorm(string module, long width, double epsilon, double offset = 0) =>
        new RmsNorm(Parameter(module + ".weight", width), epsilon, offset);

    /// <summary>A layer norm over the last dimension.</summary>
    public INorm LayerNorm(string module, long width, double epsilon)
    {
        var weight = Parameter(module + ".weight", width);
        return new LayerNorm(weight, Parameter(module + ".bias", width), epsilon);
    }
}
