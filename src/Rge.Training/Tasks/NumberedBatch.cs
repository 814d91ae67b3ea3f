using Rge.Training.Batches;

namespace Rge.Training.Tasks;

/// <summary>Queries and targets, with the number of the step, which seeds what is sampled.</summary>
/// <param name="Step">Steps of the run before it.</param>
/// <param name="Batch">Queries and targets.</param>
internal sealed record NumberedBatch(long Step, TrainingBatch Batch) : StepInput
{
    public override IReadOnlyList<string> Sources => Batch.Sources;
}
