using Rge.Training.Batches;
using Rge.Training.Optimization;
using Rge.Training.Settings;

namespace Rge.Training.Tasks;

/// <summary>
/// The task of a phase. A task prepares the input of a step and computes the gradients of its losses; the session has the optimizer,
/// clipping, the schedule and the checkpoints, and knows no task by name. <see cref="ITrainingTask{TInput}"/> is what classes implement.
/// </summary>
/// <remarks>One instance serves all phases of its name. The run disposes it.</remarks>
public interface ITrainingTask : IDisposable
{
    /// <summary>
    /// Parameters that are trained beside the model's: a head, a temperature. Named uniquely within the run, owned by the task, stored in
    /// checkpoints with the state of the optimizer. The session switches their gradients on.
    /// </summary>
    IReadOnlyList<TrainedParameter> ExtraParameters { get; }

    /// <summary>Prepares the input of a step. Thread-safe; called ahead of the step, several steps at once.</summary>
    /// <param name="step">
    /// Steps of the run before it. With the seed of the settings this alone decides what the input is, so that a resumed run has the same.
    /// </param>
    /// <exception cref="TrainingException">A sample cannot be used.</exception>
    StepInput Prepare(long step);

    /// <summary>
    /// Computes the losses of an input and adds their gradients to the parameters'. Called on the run's thread, on which it continues after
    /// an await; dispose scopes and gradient modes are closed before one.
    /// </summary>
    /// <param name="input">What <see cref="Prepare"/> gave.</param>
    /// <param name="phase">The phase that the step belongs to.</param>
    /// <param name="cancellationToken">Stops the step, which then has no effect: the run drops incomplete gradients.</param>
    Task<StepReport> BackwardAsync(StepInput input, PhaseSettings phase, CancellationToken cancellationToken);
}
