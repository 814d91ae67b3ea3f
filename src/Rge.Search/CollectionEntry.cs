namespace Rge.Search;

/// <summary>A record with everything that belongs to it, for export and import. Immutable but for the record.</summary>
public sealed record CollectionEntry
{
    /// <summary>The record, with its vector.</summary>
    public required SearchRecord Record { get; init; }

    /// <summary>A small JPEG of its first image; <see langword="null"/> where there is none.</summary>
    public byte[]? Thumbnail { get; init; }

    /// <summary>The files or rows that it was found in.</summary>
    public IReadOnlyList<EntryPlace> Places { get; init; } = [];
}
