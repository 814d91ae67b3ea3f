using Rge.Imaging;
using Rge.Models.Inputs;

namespace Rge.Decoding;

/// <summary>
/// An image of a <see cref="VisionFeatureCache"/>: decoded when its grid is first asked for, freed by the cache. Its patches go when its
/// features come.
/// </summary>
/// <param name="key">Identifies its content.</param>
internal sealed class CachedImage(object key)
{
    private readonly Lock _lock = new();
    private ImageGrid? _grid;
    private PatchedImage? _patches;
    private VisionFeatures? _features;

    /// <summary>Identifies its content.</summary>
    public object Key { get; } = key;

    /// <summary>Number of leases; for the cache, under its lock.</summary>
    public int Leases { get; set; }

    public bool IsEncoded => _features is not null;

    public VisionFeatures Features => _features ?? throw new InvalidOperationException("The image has not been through the vision tower.");

    /// <summary>The patch grid.</summary>
    /// <param name="load">Decodes and cuts the image; called unless that has succeeded before. What it throws names the caller's source, and
    /// so is not kept for other callers.</param>
    public ImageGrid GridOf(Func<PatchedImage> load)
    {
        lock (_lock)
        {
            if (_grid is { } known)
                return known;
            _patches = load();
            _grid = _patches.Grid;
            return _patches.Grid;
        }
    }

    /// <summary>The input of the vision tower.</summary>
    /// <inheritdoc cref="GridOf" path="/param"/>
    public PatchedImage PatchesOf(Func<PatchedImage> load)
    {
        _ = GridOf(load);
        return _patches ?? throw new InvalidOperationException("The image has been through the vision tower; its patches are gone.");
    }

    public void SetFeatures(VisionFeatures features) => (_features, _patches) = (features, null);

    /// <summary>Frees what is in memory.</summary>
    public void Free()
    {
        _features?.Dispose();
        (_features, _patches) = (null, null);
    }
}
