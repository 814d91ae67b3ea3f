namespace Rge.Imaging;

/// <summary>Chooses the size that an image is resized to, as the reference's image processor does.</summary>
public static class SmartResize
{
    /// <summary>Longest side over shortest side that the reference accepts.</summary>
    public const int MaxAspectRatio = 200;

    /// <summary>
    /// The nearest size whose sides are multiples of <paramref name="factor"/>; when its area is out of bounds, the size inside that keeps
    /// the aspect ratio best. Halves round to even, and the order of the divisions is the reference's,
    /// because the last bit decides between two sizes.
    /// </summary>
    /// <param name="height">Height in pixels, at least 1.</param>
    /// <param name="width">Width in pixels, at least 1.</param>
    /// <param name="factor">Side of a merged patch in pixels.</param>
    /// <param name="minPixels">Smallest area, at least 1.</param>
    /// <param name="maxPixels">Largest area. A long thin image may exceed it, since no side goes below <paramref name="factor"/>.</param>
    /// <param name="rule">Whether a side shorter than half a merged patch counts as none, or as one, when areas are compared.</param>
    /// <exception cref="ImageInputException">One side is more than <see cref="MaxAspectRatio"/> times the other.</exception>
    public static (int Height, int Width) Fit(
        int height,
        int width,
        int factor,
        int minPixels,
        int maxPixels,
        SizeRule rule = SizeRule.Transformers
    )
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(factor, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(minPixels, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(maxPixels, minPixels);
        var (longSide, shortSide) = (Math.Max(height, width), Math.Min(height, width));
        if ((double)longSide / shortSide > MaxAspectRatio)
            throw new ImageInputException($"The aspect ratio is {longSide} to {shortSide}, expected at most {MaxAspectRatio} to 1.");

        var (h, w) = (Math.Round((double)height / factor) * factor, Math.Round((double)width / factor) * factor);
        if (rule == SizeRule.QwenVlUtils)
            (h, w) = (Math.Max(h, factor), Math.Max(w, factor));
        var area = (double)height * width;
        if (h * w > maxPixels)
        {
            var shrink = Math.Sqrt(area / maxPixels);
            h = Math.Max(factor, Math.Floor(height / shrink / factor) * factor);
            w = Math.Max(factor, Math.Floor(width / shrink / factor) * factor);
        }
        else if (h * w < minPixels)
        {
            var stretch = Math.Sqrt(minPixels / area);
            h = Math.Ceiling(height * stretch / factor) * factor;
            w = Math.Ceiling(width * stretch / factor) * factor;
        }
        return ((int)h, (int)w);
    }
}
