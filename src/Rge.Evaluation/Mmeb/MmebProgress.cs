namespace Rge.Evaluation.Mmeb;

/// <summary>How far an evaluation has got.</summary>
/// <param name="Subset">The subset at work.</param>
/// <param name="Completed">Queries and candidates that are embedded, or were already, over all subsets.</param>
/// <param name="Total">Queries and candidates of all subsets.</param>
/// <param name="TimeLeft">By the speed of what was embedded so far; <see langword="null"/> before anything was.</param>
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
