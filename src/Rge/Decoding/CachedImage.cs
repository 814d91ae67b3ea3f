using Rge.Imaging;
using Rge.Models.Inputs;

namespace Rge.Decoding;

/// <summary>
/// An image of a <see cref="VisionFeatureCache"/>: decoded when its grid is first asked for, freed by the cache. Its patches go when its
/// features come.
/// </summary>
internal sealed class CachedImage
{
    private readonly Lazy<ImageGrid> _grid;
    private PatchedImage? _patches;
    private VisionFeatures? _features;

    /// <param name="key">Identifies its content.</param>
    /// <param name="load">Decodes and cuts it; called once at most.</param>
    public CachedImage(object key, Func<PatchedImage> load)
    {
        Key = key;
        _grid = new Lazy<ImageGrid>(() => (_patches = load()).Grid);
    }

    /// <summary>Identifies its content.</summary>
    public object Key { get; }

    /// <summary>Number of leases; for the cache, under its lock.</summary>
    public int Leases { get; set; }

    public ImageGrid Grid => _grid.Value;

    public bool IsEncoded => _features is not null;

    /// <summary>The input of the vision tower; loads the image on first use.</summary>
    public PatchedImage Patches
    {
        get
        {
            _ = _grid.Value;
            return _patches ?? throw new InvalidOperationException("The image has been through the vision tower; its patches are gone.");
        }
    }

    public VisionFeatures Features => _features ?? throw new InvalidOperationException("The image has not been through the vision tower.");

    public void SetFeatures(VisionFeatures features) => (_features, _patches) = (features, null);

    /// <summary>Frees what is in memory.</summary>
    public void Free()
    {
        _features?.Dispose();
        (_features, _patches) = (null, null);
    }
}
