using Rge.Training.Batches;
using Rge.Training.Settings;

namespace Rge.Training.Tasks;

/// <summary>ShapeWorld only: as <see cref="LanguageTask"/>, and also on questions about which objects of an image are alike.</summary>
internal sealed class ComparisonTask(TrainingTaskContext context) : ITrainingTask<TrainingBatch>
{
    public const string Name = "likeness";

    private readonly ShapeWorldSource _world = new(context.Config.Data, context.Config.Seed, context.Processor);
    private readonly NextTokenStep _step = new(context);

    public TrainingBatch Prepare(long step) => context.Encoder.Encode(_world.Likeness(step));

    public StepReport Backward(TrainingBatch input, PhaseSettings phase, CancellationToken cancellationToken) => _step.Backward(input, cancellationToken);

    public void Dispose() { }
}
