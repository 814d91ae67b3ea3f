namespace Rge.Imaging;

/// <summary>How many patches an image has along time, height and width, before merging.</summary>
/// <param name="Temporal">Patches along time; 1 for a still image.</param>
/// <param name="Height">Patches along the height; a multiple of the merge size.</param>
/// <param name="Width">Patches along the width; a multiple of the merge size.</param>
public readonly record struct ImageGrid(int Temporal, int Height, int Width)
{
    /// <summary>Number of patches before merging.</summary>
    public int Patches => Temporal * Height * Width;

    /// <summary>Number of merged patches, which is also the number of image tokens in the prompt.</summary>
    /// <param name="mergeSize">Side of the square of patches that become one token (2 in every released checkpoint).</param>
    public int MergedPatches(int mergeSize) => Patches / (mergeSize * mergeSize);
}
