namespace Rge.Evaluation;

/// <summary>The results of one row.</summary>
public sealed record RowOutcome
{
    /// <summary>Index of the candidate with the highest score; of equal ones the lowest.</summary>
    public required int Predicted { get; init; }

    /// <summary>
    /// Rank of the right candidate, from 1; candidates of equal score count as behind it, since it has the lowest index.
    /// </summary>
    public required int Rank { get; init; }

    /// <summary>
    /// The rationale that the embedding was taken after; <see langword="null"/> for none. Where something else is embedded in the query's
    /// place, the one that the model wrote first, as for all that follows.
    /// </summary>
    public string? Rationale { get; init; }

    /// <summary>Tokens that the model wrote, <c>&lt;emb&gt;</c> included.</summary>
    public int RationaleTokens { get; init; }

    /// <summary>As <see cref="ReasoningEmbedding.DirectProbability"/>.</summary>
    public double? DirectProbability { get; init; }

    /// <summary>
    /// Whether the written rationale concludes what the oracle's does; <see langword="null"/> without both, and where the oracle's is
    /// empty.
    /// </summary>
    public bool? ConclusionIsRight { get; init; }

    /// <summary>Whether the written rationale is the oracle's word for word; <see langword="null"/> without both.</summary>
    public bool? RationaleIsRight { get; init; }

    /// <summary>True where the right candidate is first.</summary>
    public bool IsHit => Rank == 1;
}
