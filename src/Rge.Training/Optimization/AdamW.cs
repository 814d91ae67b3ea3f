using System.Globalization;
using Rge.Models.Tensors;
using static TorchSharp.torch;

namespace Rge.Training.Optimization;

/// <summary>
/// AdamW with decoupled weight decay (Loshchilov and Hutter, 2019) through torch's fused kernel, which TorchSharp reaches only from a
/// script: one pass over each tensor instead of a dozen. Parameters below float32 have float32 master copies, which are what is stepped.
/// </summary>
/// <remarks>Owns its state, borrows the parameters. Not thread-safe.</remarks>
internal sealed class AdamW : IDisposable
{
    private readonly jit.CompilationUnit _script;
    private readonly Slot[] _slots;
    private readonly double[] _decays;

    /// <param name="parameters">The trained parameters, by name, with their group.</param>
    /// <param name="beta1">Decay of the mean of gradients.</param>
    /// <param name="beta2">Decay of the mean of squared gradients.</param>
    /// <param name="epsilon">Added to the root of the mean square.</param>
    public AdamW(IEnumerable<TrainedParameter> parameters, double beta1, double beta2, double epsilon)
    {
        using var gradients = no_grad();
        using var scope = NewDisposeScope();
        _slots = [.. parameters.Select(parameter => new Slot(parameter))];
        _decays = [.. _slots.Select(slot => slot.Parameter.WeightDecay).Distinct()];
        // The numbers are written into the script: as arguments they would be scalars that nothing keeps alive (see TensorArithmetic).
        _script = jit.compile(
            string.Concat(
                _decays.Select(
                    (decay, i) =>
                        string.Create(
                            CultureInfo.InvariantCulture,
                            $"""
                            def step{i}(params: List[Tensor], grads: List[Tensor], means: List[Tensor], squares: List[Tensor],
                                    maxima: List[Tensor], steps: List[Tensor], lr: Tensor):
                                torch._fused_adamw_(params, grads, means, squares, maxima, steps, lr=lr,
                                    beta1={beta1:0.0##############}, beta2={beta2:0.0##############},
                                    weight_decay={decay:0.0##############}, eps={epsilon:0.0##################},
                                    amsgrad=False, maximize=False)


                            """
                        )
                )
            )
        );
        // Detached only when everything is there: if there is no memory for all, those that were made are freed.
        foreach (var (_, state) in State())
            state.DetachFromDisposeScope();
    }

    /// <summary>Updates every parameter that has a gradient, then clears the gradients.</summary>
    /// <param name="learningRate">The rate of this step; each parameter's own is that times its scale.</param>
    public void Step(double learningRate)
    {
        using var gradients = no_grad();
        // Every look at a gradient makes a handle of its own.
        using var scope = NewDisposeScope();
        foreach (
            var group in _slots
                .Where(slot => slot.Parameter.Tensor.grad is not null)
                .GroupBy(slot => (slot.Parameter.LearningRateScale, slot.Parameter.WeightDecay))
        )
        {
            Slot[] slots = [.. group];
            foreach (var slot in slots)
                slot.Steps.Add_(1);
            // The rate is a number of the fused kernel, which reads it from the CPU in double precision whatever the device.
            _script.invoke(
                $"step{Array.IndexOf(_decays, group.Key.WeightDecay)}",
                [
                    slots.Select(slot => slot.Master).ToArray(),
                    slots.Select(slot => slot.Parameter.Tensor.grad!.to(ScalarType.Float32)).ToArray(),
                    slots.Select(slot => slot.Mean).ToArray(),
                    slots.Select(slot => slot.Square).ToArray(),
                    Array.Empty<Tensor>(),
                    slots.Select(slot => slot.Steps).ToArray(),
                    tensor(learningRate * group.Key.LearningRateScale),
                ]
            );
            foreach (var slot in slots)
                slot.Publish();
        }
        ForgetGradients();
    }

    /// <summary>Frees the gradients of all parameters.</summary>
    public void ForgetGradients()
    {
        foreach (var slot in _slots)
        {
            using var gradient = slot.Parameter.Tensor.grad;
            slot.Parameter.Tensor.grad = null;
        }
    }

    /// <summary>The state by name, for a checkpoint; borrowed.</summary>
    public IEnumerable<KeyValuePair<string, Tensor>> State() => _slots.SelectMany(slot => slot.State());

    /// <summary>Restores a state from <see cref="State"/>.</summary>
    /// <param name="read">Reads a tensor of the given name; owned by the caller.</param>
    /// <param name="has">Whether there is a state for a parameter; the others start new.</param>
    public void Restore(Func<string, Tensor> read, Func<TrainedParameter, bool> has)
    {
        using var gradients = no_grad();
        foreach (var slot in _slots.Where(slot => has(slot.Parameter)))
        {
            foreach (var (name, tensor) in slot.State())
            {
                using var stored = read(name);
                tensor.copy_(stored);
            }
            slot.Publish();
        }
    }

    public void Dispose()
    {
        foreach (var slot in _slots)
            slot.Dispose();
        _script.Dispose();
    }

    /// <summary>A parameter with the moments of its gradient.</summary>
    private sealed class Slot : IDisposable
    {
        /// <summary>Its tensors belong to the caller's dispose scope at first.</summary>
        public Slot(TrainedParameter parameter)
        {
            Parameter = parameter;
            var tensor = parameter.Tensor;
            Master = tensor.dtype == ScalarType.Float32 ? tensor : tensor.detach().to(ScalarType.Float32);
            Mean = zeros(tensor.shape, ScalarType.Float32, tensor.device);
            Square = zeros(tensor.shape, ScalarType.Float32, tensor.device);
            Steps = zeros([], ScalarType.Float32, tensor.device);
        }

        public TrainedParameter Parameter { get; }
        public Tensor Master { get; }
        public Tensor Mean { get; }
        public Tensor Square { get; }
        public Tensor Steps { get; }

        private bool HasMaster => !ReferenceEquals(Master, Parameter.Tensor);

        /// <summary>Rounds the master copy into the parameter.</summary>
        public void Publish()
        {
            if (HasMaster)
                Parameter.Tensor.copy_(Master);
        }

        public IEnumerable<KeyValuePair<string, Tensor>> State()
        {
            if (HasMaster)
                yield return new($"master.{Parameter.Name}", Master);
            yield return new($"mean.{Parameter.Name}", Mean);
            yield return new($"square.{Parameter.Name}", Square);
            yield return new($"steps.{Parameter.Name}", Steps);
        }

        public void Dispose()
        {
            if (HasMaster)
                Master.Dispose();
            Mean.Dispose();
            Square.Dispose();
            Steps.Dispose();
        }
    }
}
