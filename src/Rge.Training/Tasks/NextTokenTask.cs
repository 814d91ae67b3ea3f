using Rge.Data;
using Rge.Training.Batches;
using Rge.Training.Objective;
using Rge.Training.Settings;

namespace Rge.Training.Tasks;

/// <summary>
/// ShapeWorld only: next-token prediction on the answers of samples without targets, what a pretrained backbone would know.
/// </summary>
/// <param name="context">What the run has.</param>
/// <param name="samples">The samples of a step, by the number of steps before it.</param>
internal sealed class NextTokenTask(TrainingTaskContext context, Func<ShapeWorldSource, long, IReadOnlyList<TrainingSample>> samples)
    : ITrainingTask<TrainingBatch>
{
    /// <summary>Captions and simple questions.</summary>
    public const string Language = "language";

    /// <summary>The same, and questions about which objects of an image are alike.</summary>
    public const string Comparison = "likeness";

    private readonly ShapeWorldSource _world = (ShapeWorldSource)context.Samples;
    private readonly JointObjective _objective = new(
        context.Model,
        context.Prompts.EmbTokenId,
        context.Config.Objective,
        logScale: null,
        context.Config.Model.ActivationCheckpointing
    );

    public TrainingBatch Prepare(long step) => context.Encoder.Encode(samples(_world, step));

    public Task<StepReport> BackwardAsync(TrainingBatch input, PhaseSettings phase, CancellationToken cancellationToken) =>
        Task.FromResult(
            _objective
                .Backward(input, selfRationales: null, lmWeight: 1, embeddingWeight: 0, cancellationToken: cancellationToken)
                .ToReport(input.Queries.Count)
        );

    public void Dispose() { }
}
