using Rge.Imaging;
using Rge.Models.Inputs;

namespace Rge.Decoding;

/// <summary>
/// A hold on an image that one or more prompts show: its patches until the vision tower has seen them, then its features. The image stays
/// while anyone holds a lease of it; who has a lease disposes it once done. Made by <see cref="VisionFeatureCache"/>. Thread-safe.
/// </summary>
internal sealed class ImageLease : IDisposable
{
    private readonly VisionFeatureCache _cache;
    private CachedImage? _image;

    /// <summary>For the cache, which has counted the lease.</summary>
    internal ImageLease(VisionFeatureCache cache, CachedImage image) => (_cache, _image) = (cache, image);

    /// <summary>The patch grid; decodes the image when nobody has so far.</summary>
    /// <exception cref="ImageInputException">The image cannot be used.</exception>
    public ImageGrid Grid => Image.Grid;

    /// <summary>The features; borrowed, valid while the lease is held.</summary>
    /// <exception cref="InvalidOperationException">The image has not been through the vision tower.</exception>
    public VisionFeatures Features => Image.Features;

    private CachedImage Image => _image ?? throw new ObjectDisposedException(nameof(ImageLease));

    /// <summary>Lets the tower encode those of the images that it has not seen, together and each once.</summary>
    /// <remarks>For one thread at a time, that of the decoding loop.</remarks>
    public static void Encode(IEnumerable<ImageLease> leases, Func<IReadOnlyList<PatchedImage>, IReadOnlyList<VisionFeatures>> tower)
    {
        CachedImage[] fresh = [.. leases.Select(lease => lease.Image).Where(image => !image.IsEncoded).Distinct()];
        if (fresh.Length == 0) return;
        var features = tower([.. fresh.Select(image => image.Patches)]);
        for (var i = 0; i < fresh.Length; i++) fresh[i].SetFeatures(features[i]);
    }

    /// <summary>Gives the image back; the last of its leases frees it, or leaves it to the cache. A second call does nothing.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _image, null) is { } image) _cache.Return(image);
    }
}
