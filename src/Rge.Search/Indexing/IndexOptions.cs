using Rge.Imaging;

namespace Rge.Search.Indexing;

/// <summary>How an indexer works.</summary>
public sealed record IndexOptions
{
    /// <summary>
    /// Items that are embedded and then stored together, at least 1; what is lost when a process is killed. The pictures of two batches are
    /// in memory at once, up to 24 MB each.
    /// </summary>
    public int BatchItems { get; init; } = 16;

    /// <summary>
    /// After what time the work of an indexer that has died is taken up by others; at least what it takes to renew a claim.
    /// </summary>
    public TimeSpan Lease { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>How long to go on trying while the store is away.</summary>
    public TimeSpan StorePatience { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>What a picture may cost.</summary>
    public ImageLimits ImageLimits { get; init; } = ImageLimits.Default;

    /// <summary>Metadata for every item, besides its own.</summary>
    public IReadOnlyCollection<KeyValuePair<string, string>> Metadata { get; init; } = [];

    /// <summary>
    /// Whether what a source had leaves the collection when the source, or a folder of it, holds nothing that can be indexed. Unless it is
    /// set, that is taken for a disk that is not mounted, and nothing leaves.
    /// </summary>
    public bool AllowEmpty { get; init; }

    /// <summary>
    /// Whether files or rows leave the collection when they are more than half of those it has of the source, and more than 20.
    /// </summary>
    public bool AllowRemovals { get; init; }

    /// <summary>
    /// Whether the first file or row that cannot be indexed ends the run with an exception; what was stored before stays.
    /// </summary>
    public bool StopsAtBroken { get; init; }
}
