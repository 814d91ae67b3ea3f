using Rge.Imaging;
using Rge.Models.Inputs;

namespace Rge.Decoding;

/// <summary>
/// A hold on an image that one or more prompts show: its patches until the vision tower has seen them, then its features. The image stays
/// while a lease of it exists; the holder of a lease disposes it. Made by <see cref="VisionFeatureCache"/>. Thread-safe.
/// </summary>
internal sealed class ImageLease : IDisposable
{
    private readonly VisionFeatureCache _cache;
    private readonly Func<PatchedImage> _load;
    private CachedImage? _image;

    /// <summary>For the cache, which has counted the lease.</summary>
    internal ImageLease(VisionFeatureCache cache, CachedImage image, Func<PatchedImage> load) =>
        (_cache, _image, _load) = (cache, image, load);

    /// <summary>Identifies the image's content.</summary>
    public object Key => Image.Key;

    /// <summary>The patch grid; decodes the image on first use.</summary>
    /// <exception cref="ImageInputException">The image cannot be used; the message names the source that the lease was made for.</exception>
    public ImageGrid Grid => Image.GridOf(_load);

    /// <summary>The features; borrowed, valid while the lease is held.</summary>
    /// <exception cref="InvalidOperationException">The image has not been through the vision tower.</exception>
    public VisionFeatures Features => Image.Features;

    private CachedImage Image => _image ?? throw new ObjectDisposedException(nameof(ImageLease));

    /// <summary>Encodes the images that have no features yet, in one batch and each once.</summary>
    /// <remarks>Called by the thread of the decoding loop only.</remarks>
    public static void Encode(IEnumerable<ImageLease> leases, Func<IReadOnlyList<PatchedImage>, IReadOnlyList<VisionFeatures>> tower)
    {
        var fresh = leases
            .Select(lease => (lease.Image, Load: lease._load))
            .Where(it => !it.Image.IsEncoded)
            .DistinctBy(it => it.Image)
            .ToArray();
        if (fresh.Length == 0)
            return;
        var features = tower([.. fresh.Select(it => it.Image.PatchesOf(it.Load))]);
        for (var i = 0; i < fresh.Length; i++)
            fresh[i].Image.SetFeatures(features[i]);
    }

    /// <summary>Ends the lease; the last lease frees the image or leaves it to the cache. A second call does nothing.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _image, null) is { } image)
            _cache.Return(image);
    }
}
