namespace Rge.Training.Objective;

/// <summary>A sampled rationale with its reward.</summary>
/// <param name="Written">What the decoder gave.</param>
/// <param name="Standing">The embedding after it.</param>
/// <param name="IsFormatted">Whether the model itself ended it within the budget.</param>
/// <param name="IsRight">Whether it concludes as the oracle's does; null where that concludes nothing.</param>
/// <param name="Reward">The sum that it was rewarded with.</param>
internal sealed record RatedRationale(DecodedSequence Written, EmbeddingStanding Standing, bool IsFormatted, bool? IsRight, double Reward);
