namespace Rge.Training.Batches;

/// <summary>What a step learns from, by the task of its phase.</summary>
/// <param name="Pairs">Samples, for language and pairs.</param>
/// <param name="Cells">Labelled pictures, for cells.</param>
internal sealed record StepInput(TrainingBatch? Pairs, CellBatch? Cells);
