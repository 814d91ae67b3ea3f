using Rge.Models.Tensors;
using static TorchSharp.torch;

namespace Rge.Models.Layers;

/// <summary>Makes layers around the parameters of a model, and checks that each has the shape its layer asks for.</summary>
internal sealed class ParameterSource(IReadOnlyDictionary<string, Tensor> parameters) : LayerFactory
{
    private readonly List<Tensor> _constants = [];

    /// <summary>What layers compute with beside their parameters; the model's to dispose.</summary>
    public IReadOnlyList<Tensor> Constants => _constants;

    public override Tensor Constant(long[] values) => Keep(HostTransfers.Upload(values, Device));

    public override Tensor Constant(float[] values) => Keep(HostTransfers.Upload(values, Device));

    private Device Device => parameters.First().Value.device;

    /// <exception cref="ArgumentException">The parameter is missing or has another shape.</exception>
    public override Tensor Parameter(string name, params long[] shape) =>
        OptionalParameter(name, shape)
        ?? throw new ArgumentException($"Parameter {name} is missing, expected [{string.Join(", ", shape)}].", nameof(name));

    /// <exception cref="ArgumentException">The parameter has another shape.</exception>
    public override Tensor? OptionalParameter(string name, params long[] shape)
    {
        if (!parameters.TryGetValue(name, out var tensor))
            return null;
        return tensor.shape.AsSpan().SequenceEqual(shape)
            ? tensor
            : throw new ArgumentException(
                $"Parameter {name} is [{string.Join(", ", tensor.shape)}], expected [{string.Join(", ", shape)}].",
                nameof(name)
            );
    }

    /// <summary>Quantised where the parameters say so, by scales beside it.</summary>
    /// <exception cref="ArgumentException">The parameter is missing or has another shape.</exception>
    public override LinearWeight Weight(string name, long inputs, long outputs) =>
        QuantizedTensors.Find(parameters, name) is { } tensors
            ? QuantizedWeight.Create(name, tensors, inputs, outputs)
            : base.Weight(name, inputs, outputs);

    private Tensor Keep(Tensor constant)
    {
        _constants.Add(constant.DetachFromDisposeScope());
        return constant;
    }
}
