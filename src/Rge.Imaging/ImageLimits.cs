namespace Rge.Imaging;

/// <summary>
/// Limits on the size of an image. Checked against the file and its header, before any pixel is decoded: a small file can claim an enormous
/// image. Decoding holds 3 bytes a pixel of a JPEG at its peak, 9 of a progressive one, and 7 of other formats. The defaults take the
/// photographs of phones with 200 megapixels.
/// </summary>
public sealed record ImageLimits
{
    /// <summary>The limits used when none are given.</summary>
    public static ImageLimits Default { get; } = new();

    /// <summary>Largest encoded size in bytes.</summary>
    public int MaxBytes
    {
        get;
        init => field = Positive(value, int.MaxValue);
    } = 256 << 20;

    /// <summary>Most pixels, width times height; at most 2^29.</summary>
    public int MaxPixels
    {
        get;
        init => field = Positive(value, 1 << 29);
    } = 200 << 20;

    /// <summary>Longest side in pixels.</summary>
    public int MaxSide
    {
        get;
        init => field = Positive(value, int.MaxValue);
    } = 65_535;

    private static int Positive(int value, int max)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(value, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(value, max);
        return value;
    }
}
