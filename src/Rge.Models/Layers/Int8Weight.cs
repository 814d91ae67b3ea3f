using static TorchSharp.torch;

namespace Rge.Models.Layers;

/// <summary>
/// A weight of 8 bits: w = value · scale, with a scale for each output, at which its largest magnitude is 127. The root mean square of
/// what rounding takes away is 0.8 % of that of normally distributed weights, and 0.7 % of that of the shipped models' weights.
/// </summary>
/// <param name="tensors">
/// Borrowed. Values are int8 <c>[out, width]</c>, zeros from the inputs to the width, a multiple of 64; scales float32 <c>[out]</c>.
/// </param>
/// <param name="inputs">Width that comes in.</param>
internal sealed class Int8Weight(QuantizedTensors tensors, long inputs) : QuantizedWeight(tensors, inputs)
{
    private readonly Tensor _values = tensors.Values,
        _scales = tensors.Scales;

    public override Tensor ToDense()
    {
        using var gradients = no_grad();
        using var scope = NewDisposeScope();
        return (_values.narrow(1, 0, Inputs).to(ScalarType.Float32) * _scales.unsqueeze(1)).MoveToOuterDisposeScope();
    }
}
