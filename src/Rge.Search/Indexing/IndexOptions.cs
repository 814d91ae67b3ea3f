using Rge.Imaging;

namespace Rge.Search.Indexing;

/// <summary>Settings of an indexer.</summary>
public sealed record IndexOptions
{
    /// <summary>
    /// Items that are embedded and then stored together, at least 1. A killed process loses at most this many. The images of two batches
    /// are in memory at once, up to 24 MB each.
    /// </summary>
    public int BatchItems { get; init; } = 16;

    /// <summary>
    /// The time after which others take over the work of a dead indexer; must be long enough to renew a claim.
    /// </summary>
    public TimeSpan Lease { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>How long to retry while the store cannot be reached.</summary>
    public TimeSpan StoreRetryTimeout { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>Limits on the size of an image.</summary>
    public ImageLimits ImageLimits { get; init; } = ImageLimits.Default;

    /// <summary>Metadata for every item, besides its own.</summary>
    public IReadOnlyCollection<KeyValuePair<string, string>> Metadata { get; init; } = [];

    /// <summary>
    /// Whether items are removed when the source, or a folder of it, contains nothing that can be indexed. Unless it is
    /// set, that is taken for an unmounted disk, and nothing is removed.
    /// </summary>
    public bool AllowEmpty { get; init; }

    /// <summary>
    /// Whether missing files or rows are removed even when they are more than 20 and more than half of those of the source.
    /// </summary>
    public bool AllowRemovals { get; init; }

    /// <summary>
    /// Whether the first file or row that cannot be indexed ends the run with an exception; what was stored before stays.
    /// </summary>
    public bool StopsAtBroken { get; init; }
}
