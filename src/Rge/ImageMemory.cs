using System.Diagnostics.CodeAnalysis;
using Rge.Decoding;
using Rge.Imaging;

namespace Rge;

/// <summary>
/// What the vision tower has made of the images of past calls, so that who asks again about a picture does not wait for it again. Holds a
/// use of each; that which was asked for least recently goes first. Thread-safe.
/// </summary>
/// <param name="capacity">How many images are kept, at least 1.</param>
internal sealed class ImageMemory(int capacity) : IDisposable
{
    private readonly Lock _lock = new();
    private readonly OrderedDictionary<object, Entry> _images = []; // the least recent first

    /// <summary>Uses of an image that is known; its grid beside.</summary>
    public bool TryTake(object key, int uses, [NotNullWhen(true)] out SharedImage? image, out ImageGrid grid)
    {
        lock (_lock)
        {
            (image, grid) = (null, default);
            if (!_images.Remove(key, out var entry)) return false;
            _images.Add(key, entry);
            entry.Image.Acquire(uses);
            (image, grid) = (entry.Image, entry.Grid);
            return true;
        }
    }

    /// <summary>Keeps an image, of which a use is handed over.</summary>
    public void Add(object key, SharedImage image, ImageGrid grid)
    {
        lock (_lock)
        {
            // Two calls may have read the same picture at once: one of the two is enough.
            if (!_images.TryAdd(key, new Entry(image, grid))) image.Release();
            while (_images.Count > capacity)
            {
                _images.GetAt(0).Value.Image.Release();
                _images.RemoveAt(0);
            }
        }
    }

    /// <summary>Forgets all.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            foreach (var entry in _images.Values) entry.Image.Release();
            _images.Clear();
        }
    }

    private sealed record Entry(SharedImage Image, ImageGrid Grid);
}
