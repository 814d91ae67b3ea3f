using Rge.Imaging;

namespace Rge.Decoding;

/// <summary>
/// Owns the images of the calls that are under way, one for each content, and keeps some that no call holds any more, as the vision tower
/// has encoded them: a later request for such an image does not wait for it again. Thread-safe.
/// </summary>
/// <param name="capacity">How many images without a lease are kept; the least recently used is evicted first. 0 keeps none.</param>
internal sealed class VisionFeatureCache(int capacity) : IDisposable
{
    private readonly Lock _lock = new();
    private readonly Dictionary<object, CachedImage> _held = [];
    private readonly OrderedDictionary<object, CachedImage> _kept = []; // the least recent first
    private bool _isDisposed;

    /// <summary>A lease of an image; the caller disposes it.</summary>
    /// <param name="key">Identifies its content.</param>
    /// <param name="load">Decodes the image and cuts it into patches; called when the lease is used and the image is not in
    /// memory.</param>
    public ImageLease Lease(object key, Func<PatchedImage> load)
    {
        lock (_lock)
        {
            if (!_held.TryGetValue(key, out var image))
            {
                if (!_kept.Remove(key, out image))
                    image = new CachedImage(key);
                _held.Add(key, image);
            }
            image.Leases++;
            return new ImageLease(this, image, load);
        }
    }

    /// <summary>Takes a lease back.</summary>
    internal void Return(CachedImage image)
    {
        lock (_lock)
        {
            if (--image.Leases > 0)
                return;
            _held.Remove(image.Key);
            // What was not encoded has cost little but takes much memory, or could not be read.
            if (_isDisposed || !image.IsEncoded)
            {
                image.Free();
                return;
            }
            _kept.Add(image.Key, image);
            while (_kept.Count > capacity)
            {
                _kept.GetAt(0).Value.Free();
                _kept.RemoveAt(0);
            }
        }
    }

    /// <summary>Frees images without a lease; the others are freed with their last lease.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _isDisposed = true;
            foreach (var image in _kept.Values)
                image.Free();
            _kept.Clear();
        }
    }
}
