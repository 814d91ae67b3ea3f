using Rge.Training.Batches;
using Rge.Training.Objective;

namespace Rge.Training.Tasks;

/// <summary>A step of next-token prediction on the answers of samples without targets.</summary>
internal sealed class NextTokenStep(TrainingTaskContext context)
{
    private readonly JointObjective _objective =
        new(context.Model, context.Prompts.EmbTokenId, context.Config.Objective, logScale: null, context.Config.Model.ActivationCheckpointing);

    public StepReport Backward(TrainingBatch input, CancellationToken cancellationToken)
    {
        var losses = _objective.Backward(input, selfRationales: null, lmWeight: 1, embeddingWeight: 0, cancellationToken);
        return losses.ToReport(input.Queries.Count);
    }
}
