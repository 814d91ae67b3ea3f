using Rge.Training.Batches;
using Rge.Training.Optimization;
using Rge.Training.Settings;

namespace Rge.Training.Tasks;

/// <summary>A task whose steps learn from inputs of one type.</summary>
/// <typeparam name="TInput">What a step learns from.</typeparam>
public interface ITrainingTask<TInput> : ITrainingTask where TInput : StepInput
{
    /// <inheritdoc cref="ITrainingTask.Prepare"/>
    new TInput Prepare(long step);

    /// <inheritdoc cref="ITrainingTask.BackwardAsync"/>
    Task<StepReport> BackwardAsync(TInput input, PhaseSettings phase, CancellationToken cancellationToken);

    /// <inheritdoc/>
    IReadOnlyList<TrainedParameter> ITrainingTask.ExtraParameters => [];

    /// <inheritdoc/>
    StepInput ITrainingTask.Prepare(long step) => Prepare(step);

    /// <inheritdoc/>
    Task<StepReport> ITrainingTask.BackwardAsync(StepInput input, PhaseSettings phase, CancellationToken cancellationToken) =>
        BackwardAsync((TInput)input, phase, cancellationToken);
}
