namespace Rge.Oracle;

/// <summary>A line of a journal.</summary>
internal interface IJournalEntry
{
    /// <summary>What it is about; of two entries about the same, the later one counts.</summary>
    RowIdentity Identity { get; }
}
