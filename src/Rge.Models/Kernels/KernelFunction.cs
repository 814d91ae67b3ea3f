using static TorchSharp.torch;

namespace Rge.Models.Kernels;

/// <summary>
/// An operation with a kernel for its values and one for its gradients. TorchSharp keeps the handles of gradients that pass through such a
/// function until the caller's dispose scope ends; here they are freed as soon as libtorch has taken them over, so that a backward pass
/// holds as little as one of torch's own operators would.
/// </summary>
/// <remarks>
/// An exception in a backward pass ends the process: whatever could be wrong with the inputs is checked before <c>apply</c>, and a gradient
/// has the shape of the output by construction. The function keeps what it saved until the graph is disposed.
/// </remarks>
internal abstract class KernelFunction<TSelf> : autograd.SingleTensorFunction<TSelf>
    where TSelf : KernelFunction<TSelf>, new()
{
    // Gradients are copied by reference right after backward returns; by the next call on this thread they are not needed any more.
    [ThreadStatic]
    private static List<Tensor?>? _handedOver;

    public override string Name => typeof(TSelf).Name;

    public sealed override Tensor forward(autograd.AutogradContext ctx, params object[] vars) => Forward(ctx, vars);

    public sealed override List<Tensor?> backward(autograd.AutogradContext ctx, Tensor grad_output)
    {
        foreach (var tensor in _handedOver ?? [])
            tensor?.Dispose();
        using var scope = NewDisposeScope();
        using var given = grad_output;
        var gradients = Backward(ctx, ctx.get_saved_variables(), given.contiguous());
        foreach (var gradient in gradients)
            gradient?.MoveToOuterDisposeScope();
        _handedOver = gradients;
        return gradients;
    }

    /// <summary>Computes the values and saves what <see cref="Backward"/> needs.</summary>
    protected abstract Tensor Forward(autograd.AutogradContext context, object[] inputs);

    /// <summary>Computes the gradients.</summary>
    /// <param name="context">Data that was saved.</param>
    /// <param name="saved">Tensors that were saved.</param>
    /// <param name="gradient">Gradient of the output, contiguous.</param>
    /// <returns>One for each input, null where it is no tensor or wants none.</returns>
    protected abstract List<Tensor?> Backward(autograd.AutogradContext context, List<Tensor> saved, Tensor gradient);
}
