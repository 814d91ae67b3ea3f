namespace Rge.Jobs;

/// <summary>A row of a JSON Lines file: an item to embed, or why it is none. Immutable.</summary>
public sealed record EmbeddingRow
{
    /// <summary>The row's line in its file, from 1.</summary>
    public required int Line { get; init; }

    /// <summary>Identifies the content of the row and its files, with their size and time: equal keys have equal embeddings.</summary>
    public required string Key { get; init; }

    /// <summary>The row's own name; <see langword="null"/> without one.</summary>
    public string? Id { get; init; }

    /// <summary>The item; <see langword="null"/> where the row cannot be read.</summary>
    public EmbeddingInput? Item { get; init; }

    /// <summary>Why the row cannot be read; <see langword="null"/> where it can.</summary>
    public string? Problem { get; init; }

    /// <summary>Whether two rows say the same, whatever has become of the files that they name.</summary>
    internal static bool SaysTheSame(string key, string other) =>
        key.AsSpan(0, EmbeddingRows.DigestLength).SequenceEqual(other.AsSpan(0, EmbeddingRows.DigestLength));
}
