using static TorchSharp.torch;

namespace Rge.Models.Layers;

/// <summary>Records the parameters that constructors of layers ask for. Hands out no tensors: the layers cannot run.</summary>
internal sealed class LayoutRecorder : LayerFactory
{
    private readonly OrderedDictionary<string, long[]> _shapes = new(StringComparer.Ordinal);

    /// <summary>Shapes by name, in the order in which they were asked for.</summary>
    public IReadOnlyDictionary<string, long[]> Shapes => _shapes;

    public override Tensor Parameter(string name, params long[] shape)
    {
        _shapes.Add(name, shape);
        return null!;
    }

    public override Tensor? OptionalParameter(string name, params long[] shape) => Parameter(name, shape);
}
