using Rge.Imaging;

namespace Rge.Training.Batches;

/// <summary>The distinct images of one batch, by content: each is decoded once. Not thread-safe.</summary>
internal sealed class ImagePool(ImageProcessor processor)
{
    private readonly Dictionary<ImageSource, PatchedImage> _bySource = [];
    private readonly Dictionary<object, PatchedImage> _byContent = [];
    private readonly Dictionary<PatchedImage, int> _numbers = [];

    /// <summary>The patches of an image; the same instance for the same content.</summary>
    /// <exception cref="ImageInputException">The image cannot be used.</exception>
    public PatchedImage Patches(ImageSource source)
    {
        if (_bySource.TryGetValue(source, out var known))
            return known;
        var key = source.ContentKey(ImageLimits.Default);
        if (!_byContent.TryGetValue(key, out var patches))
        {
            _byContent.Add(key, patches = source.Load(processor, ImageLimits.Default));
            _numbers.TryAdd(patches, _numbers.Count);
        }
        _bySource.Add(source, patches);
        return patches;
    }

    /// <summary>The image's number in the batch.</summary>
    public int Number(PatchedImage patches) => _numbers[patches];
}
