using Rge.Models.Tensors;
using static TorchSharp.torch;

namespace Rge.Models.Kernels;

/// <summary>
/// Attention over a tree of tokens: queries <c>[N, heads, D]</c>, keys and values <c>[N, kvHeads, D]</c>, plan → <c>[N, heads · D]</c>.
/// </summary>
internal sealed class PrefixTreeAttentionFunction : KernelFunction<PrefixTreeAttentionFunction>
{
    /// <summary>Vectors of queries that a thread takes at once.</summary>
    private const int Grain = 16;

    protected override Tensor Forward(autograd.AutogradContext context, object[] inputs)
    {
        Tensor q = (Tensor)inputs[0],
            k = (Tensor)inputs[1],
            v = (Tensor)inputs[2];
        var plan = (PrefixTreePlan)inputs[3];
        var (output, logSums) = Attend(q, k, v, plan);
        context.save_for_backward([q, k, v, output, logSums]);
        context.save_data("plan", plan);
        return output;
    }

    /// <summary>Attends without gradient.</summary>
    /// <returns>The values, and the logarithm of each query's sum of exponentials, <c>[N, heads]</c>.</returns>
    public static unsafe (Tensor Output, Tensor LogSums) Attend(Tensor q, Tensor k, Tensor v, PrefixTreePlan plan)
    {
        int keyHeads = (int)k.size(1),
            group = (int)q.size(1) / keyHeads,
            width = (int)q.size(2);
        Tensor output = empty(q.size(0), q.size(1) * width),
            logSums = empty(q.size(0), q.size(1));
        fixed (PrefixTreeNode* nodes = plan.Nodes)
        fixed (PrefixTreeQueries* queries = plan.Queries(group))
        {
            ThreadTeam.For(
                plan.Queries(group).Length * keyHeads,
                Grain,
                new PrefixTreeAttentionBody
                {
                    Nodes = nodes,
                    Queries = queries,
                    Query = (float*)TensorPointer.Of(q),
                    Keys = (float*)TensorPointer.Of(k),
                    Values = (float*)TensorPointer.Of(v),
                    Output = (float*)TensorPointer.Of(output),
                    LogSums = (float*)TensorPointer.Of(logSums),
                    KeyHeads = keyHeads,
                    Group = group,
                    HeadDim = width,
                    Scale = 1 / MathF.Sqrt(width),
                }
            );
        }
        return (output, logSums);
    }

    protected override unsafe List<Tensor?> Backward(autograd.AutogradContext context, List<Tensor> saved, Tensor gradient)
    {
        var plan = (PrefixTreePlan)context.get_data("plan");
        Tensor q = saved[0],
            k = saved[1],
            v = saved[2];
        int keyHeads = (int)k.size(1),
            width = (int)q.size(2);
        Tensor queryGradient = empty_like(q),
            keyGradient = zeros_like(k),
            valueGradient = zeros_like(v);
        fixed (PrefixTreeNode* nodes = plan.Nodes)
        fixed (int* trees = plan.Trees)
        {
            ThreadTeam.For(
                (plan.Trees.Length - 1) * keyHeads,
                1,
                new PrefixTreeAttentionGradientBody
                {
                    Nodes = nodes,
                    Trees = trees,
                    Query = (float*)TensorPointer.Of(q),
                    Keys = (float*)TensorPointer.Of(k),
                    Values = (float*)TensorPointer.Of(v),
                    Output = (float*)TensorPointer.Of(saved[3]),
                    LogSums = (float*)TensorPointer.Of(saved[4]),
                    Gradient = (float*)TensorPointer.Of(gradient),
                    QueryGradient = (float*)TensorPointer.Of(queryGradient),
                    KeyGradient = (float*)TensorPointer.Of(keyGradient),
                    ValueGradient = (float*)TensorPointer.Of(valueGradient),
                    KeyHeads = keyHeads,
                    Group = (int)q.size(1) / keyHeads,
                    HeadDim = width,
                    Scale = 1 / MathF.Sqrt(width),
                }
            );
        }
        return [queryGradient, keyGradient, valueGradient, null];
    }
}
