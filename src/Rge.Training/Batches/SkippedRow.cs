namespace Rge.Training.Batches;

/// <summary>A row that could not be used and was skipped.</summary>
/// <param name="Source">Its file and number.</param>
/// <param name="Problem">Why.</param>
public sealed record SkippedRow(string Source, string Problem);
