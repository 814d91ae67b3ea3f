using Rge.Training.Batches;
using Rge.Training.Settings;

namespace Rge.Training.Tasks;

/// <summary>ShapeWorld only: next-token prediction on captions and simple questions, what a pretrained backbone would know.</summary>
internal sealed class LanguageTask(TrainingTaskContext context) : ITrainingTask<TrainingBatch>
{
    public const string Name = "language";

    private readonly ShapeWorldSource _world = new(context.Config.Data, context.Config.Seed, context.Processor);
    private readonly NextTokenStep _step = new(context);

    public TrainingBatch Prepare(long step) => context.Encoder.Encode(_world.Language(step));

    public StepReport Backward(TrainingBatch input, PhaseSettings phase, CancellationToken cancellationToken) => _step.Backward(input, cancellationToken);

    public void Dispose() { }
}
