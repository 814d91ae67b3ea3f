namespace Rge.Evaluation.Mmeb;

/// <summary>Scores of a subset. Shares are 0 to 1.</summary>
public sealed record SubsetScore
{
    /// <summary>Name of the subset.</summary>
    public required string Subset { get; init; }

    /// <summary>The meta-task it belongs to.</summary>
    public required string Group { get; init; }

    /// <summary>Name of the model in reports.</summary>
    public required string Model { get; init; }

    /// <summary>Whether queries wrote a rationale.</summary>
    public required bool Reasoning { get; init; }

    /// <summary>Digest of the model and of all settings but <see cref="Reasoning"/>: scores that belong together have the same.</summary>
    public required string Identity { get; init; }

    /// <summary>What it depends on, by name and in words; empty where nothing was said.</summary>
    public IReadOnlyDictionary<string, string> Settings { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>Rows that count.</summary>
    public required int Rows { get; init; }

    /// <summary>Rows whose right candidate is first.</summary>
    public required int Hits { get; init; }

    /// <summary>Rows that were left out because their query or right candidate could not be embedded.</summary>
    public int SkippedRows { get; init; }

    /// <summary>Candidates that were left out of rows because they could not be embedded; counted in each row.</summary>
    public int SkippedCandidates { get; init; }

    /// <summary>Queries and different candidates that could not be embedded; <see cref="SubsetFolder.ReadFailures"/> lists them.</summary>
    public int FailedItems { get; init; }

    /// <summary>Unused columns of the subset's files.</summary>
    public IReadOnlyList<string> UnreadColumns { get; init; } = [];

    /// <summary>Different candidates.</summary>
    public required int Candidates { get; init; }

    /// <summary>Share of rows that a blind guess hits: the mean of one over the number of a row's candidates.</summary>
    public required double Chance { get; init; }

    /// <summary>hit@1: share of rows whose right candidate has the highest cosine, the first of equal ones.</summary>
    public double HitAt1 => (double)Hits / Rows;

    /// <summary>Bounds of the 95 % bootstrap interval of <see cref="HitAt1"/>.</summary>
    public required Interval HitAt1Interval { get; init; }

    /// <summary>Share of rows whose right candidate is among the first five.</summary>
    public required double HitAt5 { get; init; }

    /// <summary>Mean reciprocal rank of the right candidate.</summary>
    public required double Mrr { get; init; }

    /// <summary>How much embeddings follow rationales; <see langword="null"/> where that was not asked.</summary>
    public RationaleSensitivity? Sensitivity { get; init; }

    /// <summary>Tokens of prompts, queries and candidates.</summary>
    public required long PromptTokens { get; init; }

    /// <summary>Tokens of rationales.</summary>
    public required long RationaleTokens { get; init; }

    /// <summary>Seconds of embedding, including embeddings reused from other subsets or runs.</summary>
    public required double Seconds { get; init; }

    /// <summary>Queries embedded in a second, candidates not counted.</summary>
    public required double QueriesPerSecond { get; init; }
}
