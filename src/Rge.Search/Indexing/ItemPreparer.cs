using Rge.Imaging;
using Rge.Models;

namespace Rge.Search.Indexing;

/// <summary>Reads and decodes items, side by side. Stateless and thread-safe.</summary>
internal static class ItemPreparer
{
    /// <summary>Runs work for each item, in parallel on all cores.</summary>
    /// <param name="items">The items.</param>
    /// <param name="work">What is done; throws for a broken item.</param>
    /// <param name="cancellationToken">Stops between two items.</param>
    /// <returns>For each, in their order, the result or what is wrong.</returns>
    public static async Task<(TResult? Result, string? Problem)[]> ForEachAsync<TItem, TResult>(
        IReadOnlyList<TItem> items,
        Func<TItem, TResult> work,
        CancellationToken cancellationToken
    )
        where TResult : class
    {
        var results = new (TResult?, string?)[items.Count];
        await Parallel.ForAsync(0, items.Count, cancellationToken, (i, _) =>
        {
            try
            {
                results[i] = (work(items[i]), null);
            }
            // Sources of others may throw what they like for an item; it is one item all the same.
            catch (Exception e)
                when (e
                        is RgeException
                            or IOException
                            or UnauthorizedAccessException
                            or FormatException
                            or InvalidOperationException
                            or ArgumentException
                )
            {
                results[i] = (null, e.Message);
            }
            return ValueTask.CompletedTask;
        });
        return results;
    }

    /// <summary>
    /// Decodes an item's images: to patches for the model, which take less memory than a large image, and to a thumbnail.
    /// </summary>
    /// <exception cref="ImageInputException">An image cannot be used.</exception>
    public static PreparedItem Prepare(SearchItem item, QwenVlProcessor processor, ImageLimits limits)
    {
        string? thumbnail = null;
        var images = new ImageSource[item.Images.Count];
        for (var i = 0; i < images.Length; i++)
        {
            var image = ImageDecoder.Decode(item.Images[i], item.Path ?? "The image", limits, processor.Images.Options);
            thumbnail ??= Convert.ToBase64String(Thumbnail.Jpeg(image));
            images[i] = ImageSource.FromPatches(processor.Images.Process(image));
        }
        return new PreparedItem(item, images, thumbnail);
    }
}
