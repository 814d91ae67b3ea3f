using Rge.Search;
using Rge.Server.Errors;
using Rge.Server.Requests;

namespace Rge.Server.Collections;

/// <summary>
/// An item that was sent to a collection: itself with its images, which may still have to be fetched, or why it cannot be read.
/// </summary>
internal sealed record SentItem
{
    private SentItem(SearchItem? item, IReadOnlyList<ImageReference> images, ApiException? problem) =>
        (Item, Images, Problem) = (item, images, problem);

    /// <summary>The item, without the images that are still to be fetched; null where it cannot be read.</summary>
    public SearchItem? Item { get; }

    /// <summary>Its images.</summary>
    public IReadOnlyList<ImageReference> Images { get; }

    /// <summary>Why it cannot be read.</summary>
    public ApiException? Problem { get; }

    /// <summary>An item that was read.</summary>
    public static SentItem Read(SearchItem item, params IReadOnlyList<ImageReference> images) => new(item, images, problem: null);

    /// <summary>An item that cannot be read.</summary>
    public static SentItem Failed(ApiException problem) => new(item: null, [], problem);
}
