namespace Rge.Evaluation.Mmeb;

/// <summary>The progress of an evaluation.</summary>
/// <param name="Subset">The current subset.</param>
/// <param name="Completed">Queries and candidates that are embedded, or were already, over all subsets.</param>
/// <param name="Total">Queries and candidates of all subsets.</param>
/// <param name="TimeLeft">Estimated from the speed so far; <see langword="null"/> before the first embedding.</param>
/// <param name="Score">The score of a subset that has just been finished.</param>
/// <param name="Before">The score that it replaces, of an earlier run of the same model and settings.</param>
public sealed record MmebProgress(
    string Subset,
    long Completed,
    long Total,
    TimeSpan? TimeLeft,
    SubsetScore? Score = null,
    SubsetScore? Before = null
);
