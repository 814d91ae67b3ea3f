using Rge.Models.Tensors;
using static TorchSharp.torch;

namespace Rge.Models.Kernels;

/// <summary>Root-mean-square norm over the last dimension: x, weight, ε, offset → y.</summary>
internal sealed class RmsNormFunction : KernelFunction<RmsNormFunction>
{
    /// <summary>Rows whose shares of the weight's gradient are summed by one thread.</summary>
    private const int Rows = 256;

    protected override unsafe Tensor Forward(autograd.AutogradContext context, object[] inputs)
    {
        Tensor x = (Tensor)inputs[0],
            weight = (Tensor)inputs[1];
        context.save_for_backward([x, weight]);
        context.save_data("epsilon", inputs[2]);
        context.save_data("offset", inputs[3]);
        return CpuKernels.RmsNorm(x, weight, (double)inputs[2], (double)inputs[3]);
    }

    protected override unsafe List<Tensor?> Backward(autograd.AutogradContext context, List<Tensor> saved, Tensor gradient)
    {
        var (x, weight) = (saved[0], saved[1]);
        int width = (int)weight.size(0),
            rows = (int)(x.NumberOfElements / width),
            blocks = (rows + Rows - 1) / Rows;
        Tensor inputGradient = empty_like(x),
            weightGradients = zeros([blocks, width]);
        ThreadTeam.For(
            blocks,
            1,
            new RmsNormGradientBody
            {
                Input = (float*)TensorPointer.Of(x),
                Weight = (float*)TensorPointer.Of(weight),
                Gradient = (float*)TensorPointer.Of(gradient),
                InputGradient = (float*)TensorPointer.Of(inputGradient),
                WeightGradients = (float*)TensorPointer.Of(weightGradients),
                BlockRows = Rows,
                Rows = rows,
                Width = width,
                Epsilon = (float)(double)context.get_data("epsilon"),
                Offset = (float)(double)context.get_data("offset"),
            }
        );
        return [inputGradient, weightGradients.sum([0]), null, null];
    }
}
