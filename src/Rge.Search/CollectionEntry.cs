namespace Rge.Search;

/// <summary>A record with all that a collection has of it, as it is exported and imported. Immutable but for the record.</summary>
public sealed record CollectionEntry
{
    /// <summary>The record, with its vector.</summary>
    public required SearchRecord Record { get; init; }

    /// <summary>A small JPEG of its first picture; <see langword="null"/> where there is none.</summary>
    public byte[]? Thumbnail { get; init; }

    /// <summary>The files or rows that it was found in.</summary>
    public IReadOnlyList<EntryPlace> Places { get; init; } = [];
}
