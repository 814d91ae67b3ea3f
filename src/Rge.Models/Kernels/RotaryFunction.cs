using Rge.Models.Tensors;
using static TorchSharp.torch;

namespace Rge.Models.Kernels;

/// <summary>x, cosines, sines → x with each pair turned by its angle. Its gradient is turned back by the same angle.</summary>
internal sealed class RotaryFunction : KernelFunction<RotaryFunction>
{
    private const int Grain = 1 << 14;

    protected override Tensor Forward(autograd.AutogradContext context, object[] inputs)
    {
        Tensor cos = (Tensor)inputs[1],
            sin = (Tensor)inputs[2];
        context.save_for_backward([cos, sin]);
        return Rotate((Tensor)inputs[0], cos, sin, direction: 1);
    }

    protected override List<Tensor?> Backward(autograd.AutogradContext context, List<Tensor> saved, Tensor gradient) =>
        [Rotate(gradient, saved[0], saved[1], direction: -1), null, null];

    /// <summary>Turns pairs by their angle times <paramref name="direction"/>, without gradient.</summary>
    public static unsafe Tensor Rotate(Tensor x, Tensor cos, Tensor sin, float direction)
    {
        int heads = (int)x.size(1),
            headDim = (int)x.size(2);
        var y = empty([x.size(0), heads, headDim], x.dtype);
        ThreadTeam.For(
            (int)x.size(0),
            Math.Max(1, Grain / (heads * headDim)),
            new RotaryBody<Float32>
            {
                Input = (Float32*)TensorPointer.Of(x),
                Output = (Float32*)TensorPointer.Of(y),
                InputStride = x.stride(0),
                Direction = direction,
                Cos = (float*)TensorPointer.Of(cos),
                Sin = (float*)TensorPointer.Of(sin),
                Heads = heads,
                HeadDim = headDim,
                Half = (int)cos.size(-1),
            }
        );
        return y;
    }
}
