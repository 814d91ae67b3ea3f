using Rge.Imaging;
using Rge.Models.Inputs;

namespace Rge.Decoding;

/// <summary>
/// An image that one or more prompts show: its patches until the vision tower has seen them, then its features until the last prompt that
/// shows it has been read. Each use is released once; safe to release from any thread.
/// </summary>
internal sealed class SharedImage
{
    private readonly Lock _lock = new();
    private PatchedImage? _patches;
    private VisionFeatures? _features;
    private int _uses;

    public SharedImage(PatchedImage patches, int uses)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(uses, 1);
        (_patches, _uses) = (patches, uses);
    }

    /// <summary>What the tower makes of the images, each run through it once in its life, those that are new together.</summary>
    /// <remarks>The caller holds a use of each, so that none can vanish meanwhile.</remarks>
    public static void Encode(IEnumerable<SharedImage> images, Func<IReadOnlyList<PatchedImage>, IReadOnlyList<VisionFeatures>> tower)
    {
        var fresh = images.Where(image => image._features is null).Distinct().ToArray();
        if (fresh.Length == 0) return;
        var features = tower([.. fresh.Select(image => image._patches ?? throw new ObjectDisposedException(nameof(SharedImage)))]);
        for (var i = 0; i < fresh.Length; i++) (fresh[i]._features, fresh[i]._patches) = (features[i], null);
    }

    /// <summary>The features; borrowed, valid while a use is held.</summary>
    public VisionFeatures Features => _features ?? throw new InvalidOperationException("The image has not been through the vision tower.");

    /// <summary>Takes more uses; the caller sees to it that one is held meanwhile.</summary>
    public void Acquire(int uses)
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_uses == 0, this);
            _uses += uses;
        }
    }

    /// <summary>Gives uses back; the last one frees the image.</summary>
    public void Release(int uses = 1)
    {
        lock (_lock)
        {
            _uses -= uses;
            if (_uses > 0) return;
            _features?.Dispose();
            (_features, _patches) = (null, null);
        }
    }
}
