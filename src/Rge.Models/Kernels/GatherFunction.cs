using Rge.Models.Tensors;
using static TorchSharp.torch;

namespace Rge.Models.Kernels;

/// <summary>
/// Table, rows → those rows of the table. Its gradient adds up the rows that were taken several times; torch's does so with an operator
/// call for each.
/// </summary>
internal sealed class GatherFunction : KernelFunction<GatherFunction>
{
    protected override Tensor Forward(autograd.AutogradContext context, object[] inputs)
    {
        Tensor table = (Tensor)inputs[0],
            rows = (Tensor)inputs[1];
        context.save_for_backward([rows]);
        context.save_data("count", table.size(0));
        return table.index_select(0, rows);
    }

    protected override unsafe List<Tensor?> Backward(autograd.AutogradContext context, List<Tensor> saved, Tensor gradient)
    {
        var width = (int)gradient.size(1);
        var sums = zeros([(long)context.get_data("count"), width]);
        ThreadTeam.For(
            width,
            ScatterAddBody.Columns,
            new ScatterAddBody
            {
                Source = (float*)TensorPointer.Of(gradient),
                Rows = (long*)TensorPointer.Of(saved[0]),
                Target = (float*)TensorPointer.Of(sums),
                Count = (int)gradient.size(0),
                Width = width,
            }
        );
        return [sums, null];
    }
}
