namespace Rge.Oracle;

/// <summary>Where a model ranks the right target of a row, without a rationale and with it; a line of a journal.</summary>
internal sealed record RationaleVerdict : IJournalEntry
{
    public required string Dataset { get; init; }

    /// <summary>Place of the row in its dataset, from 1.</summary>
    public required int Row { get; init; }

    /// <summary>Key of row and rationale.</summary>
    public required string Key { get; init; }

    /// <summary>
    /// Rank of the right target without a rationale: 1 and the number of others with a higher score. 0 where there is a problem.
    /// </summary>
    public int RankWithout { get; init; }

    /// <summary>Its place with the rationale.</summary>
    public int RankWith { get; init; }

    /// <summary>Score of the right target less the highest of another, without a rationale; 0 where there is no other.</summary>
    public float MarginWithout { get; init; }

    /// <summary>The same with the rationale.</summary>
    public float MarginWith { get; init; }

    /// <summary>Why the model cannot embed the row.</summary>
    public string? Problem { get; init; }

    /// <summary>Whether the rationale helps: a better rank, or first before and after with a margin that is no smaller.</summary>
    public bool Helps => Problem is null && (RankWith < RankWithout || (RankWith == 1 && RankWithout == 1 && MarginWith >= MarginWithout));

    public RowIdentity Identity => new(Dataset, Row, Key);
}
