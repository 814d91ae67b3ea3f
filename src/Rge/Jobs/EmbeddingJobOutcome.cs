namespace Rge.Jobs;

/// <summary>What a job has done. Immutable.</summary>
public sealed record EmbeddingJobOutcome
{
    /// <summary>Rows of the input.</summary>
    public required int Rows { get; init; }

    /// <summary>Rows that were embedded by an earlier run.</summary>
    public required int Kept { get; init; }

    /// <summary>Rows that could not be embedded, by line.</summary>
    public required IReadOnlyList<EmbeddingJobFailure> Failures { get; init; }

    /// <summary>Whether the output is complete: a line for each row.</summary>
    public required bool IsWritten { get; init; }

    /// <summary>Whether the output was complete and up to date before the run.</summary>
    public bool WasComplete { get; init; }
}
