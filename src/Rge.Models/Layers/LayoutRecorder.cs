using static TorchSharp.torch;

namespace Rge.Models.Layers;

/// <summary>Records the parameters that constructors of layers ask for. Hands out no tensors: the layers cannot run.</summary>
internal sealed class LayoutRecorder : LayerFactory
{
    private readonly OrderedDictionary<string, long[]> _shapes = new(StringComparer.Ordinal);

    /// <summary>Shapes by name, in the order in which they were asked for.</summary>
    public IReadOnlyDictionary<string, long[]> Shapes => _shapes;

    /// <summary>Names of the parameters that are kept in float32.</summary>
    public HashSet<string> Float32Names { get; } = new(StringComparer.Ordinal);

    public override Tensor Parameter(string name, params long[] shape)
    {
        _shapes.Add(name, shape);
        return null!;
    }

    public override Tensor Float32Parameter(string name, params long[] shape)
    {
        Float32Names.Add(name);
        return Parameter(name, shape);
    }

    public override Tensor? OptionalParameter(string name, params long[] shape) => Parameter(name, shape);

    public override Tensor Constant(long[] values) => null!;

    public override Tensor Constant(float[] values) => null!;
}
