namespace Rge.Imaging;

/// <summary>An image cut into normalized patches, ready for the vision tower. Immutable by convention; holds no native memory.</summary>
public sealed class PatchedImage
{
    /// <summary>Wraps patches that were made elsewhere.</summary>
    /// <param name="pixels">Row-major <c>[grid.Patches, channels · temporalPatch · patch²]</c>, in merge order. Not copied.</param>
    /// <param name="grid">The patch grid.</param>
    /// <exception cref="ArgumentException">The length is not a multiple of the number of patches.</exception>
    public PatchedImage(float[] pixels, ImageGrid grid)
    {
        ArgumentNullException.ThrowIfNull(pixels);
        if (grid.Patches <= 0 || pixels.Length % grid.Patches != 0)
            throw new ArgumentException(
                $"{pixels.Length} values do not divide into the {grid.Patches} patches of grid {grid}.",
                nameof(pixels)
            );
        Pixels = pixels;
        Grid = grid;
    }

    /// <summary>Patch values, row-major <c>[Grid.Patches, PatchLength]</c>.</summary>
    public float[] Pixels { get; }

    /// <summary>The patch grid.</summary>
    public ImageGrid Grid { get; }

    /// <summary>Values in one patch: channels · temporal patch size · patch size².</summary>
    public int PatchLength => Pixels.Length / Grid.Patches;
}
