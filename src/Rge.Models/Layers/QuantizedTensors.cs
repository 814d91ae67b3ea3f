using static TorchSharp.torch;

namespace Rge.Models.Layers;

/// <summary>The tensors of a weight of few bits, as <see cref="Int8Weight"/> and <see cref="Int4Weight"/> explain them.</summary>
/// <param name="Values">The bits.</param>
/// <param name="Scales">Their scales.</param>
/// <param name="Offsets">What is added to each weight of a group; null for nothing.</param>
/// <param name="Order">The input that each column belongs to; null where columns are in the order of the inputs.</param>
internal sealed record QuantizedTensors(Tensor Values, Tensor Scales, Tensor? Offsets = null, Tensor? Order = null)
{
    /// <summary>What the names of the tensors add to that of the weight.</summary>
    public const string Scale = ".scale",
        Offset = ".offset",
        InputOrder = ".order";

    /// <summary>Those that a model of this weight's name has; null where it has no scales.</summary>
    public static QuantizedTensors? Find(IReadOnlyDictionary<string, Tensor> parameters, string name) =>
        parameters.TryGetValue(name + Scale, out var scales) && parameters.TryGetValue(name, out var values)
            ? new(values, scales, parameters.GetValueOrDefault(name + Offset), parameters.GetValueOrDefault(name + InputOrder))
            : null;

    /// <summary>The tensors with what their names add to that of the weight.</summary>
    public IEnumerable<(string Suffix, Tensor Tensor)> Parts
    {
        get
        {
            yield return ("", Values);
            yield return (Scale, Scales);
            if (Offsets is not null)
                yield return (Offset, Offsets);
            if (Order is not null)
                yield return (InputOrder, Order);
        }
    }

    /// <summary>The same, moved out of the dispose scope in use.</summary>
    public QuantizedTensors MoveOut()
    {
        foreach (var (_, tensor) in Parts)
            tensor.MoveToOuterDisposeScope();
        return this;
    }

    /// <summary>The same, of no dispose scope: to be disposed one by one.</summary>
    public QuantizedTensors Detach()
    {
        foreach (var (_, tensor) in Parts)
            tensor.DetachFromDisposeScope();
        return this;
    }
}
