using Rge.Imaging;

namespace Rge.Decoding;

/// <summary>
/// Owns the images of the calls that are under way, one for each content, and keeps some that no call holds any more, as the vision tower
/// has encoded them: whoever asks again about such an image does not wait for it again. Thread-safe.
/// </summary>
/// <param name="capacity">How many images are kept that nobody holds; the one held least recently goes first. 0 keeps none.</param>
internal sealed class VisionFeatureCache(int capacity) : IDisposable
{
    private readonly Lock _lock = new();
    private readonly Dictionary<object, CachedImage> _held = [];
    private readonly OrderedDictionary<object, CachedImage> _kept = []; // the least recent first
    private bool _isDisposed;

    /// <summary>A lease of an image; the caller disposes it.</summary>
    /// <param name="key">Tells its content from that of others.</param>
    /// <param name="load">Decodes and cuts it, where it is not in memory and when it is first asked for.</param>
    public ImageLease Lease(object key, Func<PatchedImage> load)
    {
        lock (_lock)
        {
            if (!_held.TryGetValue(key, out var image))
            {
                if (!_kept.Remove(key, out image)) image = new CachedImage(key, load);
                _held.Add(key, image);
            }
            image.Leases++;
            return new ImageLease(this, image);
        }
    }

    /// <summary>Takes a lease back.</summary>
    internal void Return(CachedImage image)
    {
        lock (_lock)
        {
            if (--image.Leases > 0) return;
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

    /// <summary>Frees what nobody holds; the rest goes with its last lease.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _isDisposed = true;
            foreach (var image in _kept.Values) image.Free();
            _kept.Clear();
        }
    }
}
