using Rge.Search;
using Rge.Server.Errors;
using Rge.Server.Requests;

namespace Rge.Server.Collections;

/// <summary>
/// An item that was sent to a collection: itself with its images, which may still have to be fetched, or why it cannot be read.
/// </summary>
internal sealed record SentItem
{
    private SentItem(SearchItem? item, string? id, IReadOnlyList<ImageReference> images, ApiException? problem) =>
        (Item, Id, Images, Problem) = (item, id, images, problem);

    /// <summary>The item, without the images that are still to be fetched; null where it cannot be read.</summary>
    public SearchItem? Item { get; }

    /// <summary>Its id, once it is complete: the hash of all that is in it.</summary>
    public string? Id { get; }

    /// <summary>Its images.</summary>
    public IReadOnlyList<ImageReference> Images { get; }

    /// <summary>Why it cannot be read.</summary>
    public ApiException? Problem { get; }

    /// <summary>An item that was read.</summary>
    public static SentItem Read(SearchItem item, params IReadOnlyList<ImageReference> images) => new(item, id: null, images, problem: null);

    /// <summary>An item with its images.</summary>
    public static SentItem Complete(SearchItem item, string id) => new(item, id, [], problem: null);

    /// <summary>An item that cannot be read.</summary>
    public static SentItem Failed(ApiException problem) => new(item: null, id: null, [], problem);
}
