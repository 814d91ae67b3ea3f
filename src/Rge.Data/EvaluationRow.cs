namespace Rge.Data;

/// <summary>A query with its own list of candidates, as MMEB evaluates. Immutable.</summary>
public sealed record EvaluationRow
{
    /// <summary>Where it comes from, for errors: a file and row, or a generator's index.</summary>
    public required string Source { get; init; }

    /// <summary>The query.</summary>
    public required EmbeddingInput Query { get; init; }

    /// <summary>The candidates; the right one is first. Rows share the instances of candidates they have in common.</summary>
    public required IReadOnlyList<EmbeddingInput> Candidates { get; init; }

    /// <summary>The oracle rationale, where there is one.</summary>
    public string? Rationale { get; init; }
}
