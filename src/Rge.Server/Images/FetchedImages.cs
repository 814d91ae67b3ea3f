using System.Collections.Concurrent;
using Microsoft.AspNetCore.Http;
using Rge.Files;
using Rge.Server.Errors;
using Rge.Server.Requests;

namespace Rge.Server.Images;

/// <summary>
/// The images of one request. Those that were fetched may together have as many bytes as a body, and are counted with the bodies.
/// </summary>
internal sealed class FetchedImages(ImageFetcher fetcher, BodyLease lease, ServerLimits limits) : IDisposable
{
    private const int AtOnce = 8;

    private readonly Lock _lock = new();
    private readonly ConcurrentDictionary<Uri, byte[]> _fetched = new();
    private readonly ConcurrentDictionary<Uri, ImageRefusedException> _problems = new();
    private long _bytes;

    /// <summary>Fetches what has to be fetched, each URL once; an image that cannot be downloaded costs no other.</summary>
    /// <exception cref="ApiException">There is no room for more (429), or they are too large together (413).</exception>
    public Task FetchAsync(IEnumerable<ImageReference> images, CancellationToken cancellationToken)
    {
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellationToken };
        return Parallel.ForEachAsync(images.Select(image => image.Address).OfType<Uri>().Distinct(), parallel, async (address, stop) =>
        {
            try
            {
                _fetched[address] = await fetcher.FetchAsync(address, Take, stop);
            }
            catch (ImageRefusedException e)
            {
                _problems[address] = e;
            }
        });
    }

    /// <summary>An image as it is encoded.</summary>
    /// <exception cref="ApiException">It could not be fetched.</exception>
    public byte[] Bytes(ImageReference image)
    {
        if (image.Address is not { } address)
            return image.Bytes!;
        // The place is the image's own: others of the request may have the same address.
        return _problems.TryGetValue(address, out var problem)
            ? throw ApiException.Invalid($"{image.Path} cannot be fetched: {problem.Message}.", image.Path, "invalid_image_url", problem)
            : _fetched[address];
    }

    /// <summary>Items with their images.</summary>
    /// <exception cref="ApiException">An image cannot be fetched.</exception>
    public async Task<IReadOnlyList<EmbeddingInput>> CompleteAsync(IReadOnlyList<RequestItem> items, CancellationToken cancellationToken)
    {
        await FetchAsync(items.SelectMany(item => item.Images), cancellationToken);
        return [.. items.Select(item => item.Complete(image => ImageSource.FromBytes(Bytes(image), image.Path)))];
    }

    public void Dispose() => lease.Dispose();

    private void Take(int count)
    {
        lock (_lock)
        {
            lease.Take(count);
            _bytes += count;
            if (_bytes <= limits.MaxBodyBytes)
                return;
        }
        throw new ApiException(
            StatusCodes.Status413PayloadTooLarge,
            $"The images that the request names by URL have more than {ByteSize.Show(limits.MaxBodyBytes)} together; "
                + "send fewer or smaller ones."
        )
        {
            Code = "body_too_large",
        };
    }
}
