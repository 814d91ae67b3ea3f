namespace Rge.Training.Settings;

/// <summary>One of the embeddings that a query has in a step.</summary>
/// <param name="Source">The rationale that it is taken after.</param>
/// <param name="Number">Which of several of the kind; 0 for the first.</param>
/// <param name="Weight">Weight of its InfoNCE.</param>
internal sealed record QueryView(RationaleSource Source, int Number, double Weight);
