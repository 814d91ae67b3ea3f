namespace Rge.Imaging;

/// <summary>How images are read and resized, where the checkpoint's own files leave that open or are overridden. Immutable.</summary>
/// <remarks>
/// All but <see cref="Truncated"/> change the vector of an image: an index must be searched with the options that it was made with.
/// </remarks>
public sealed record ImageOptions
{
    /// <summary>The options used when none are given.</summary>
    public static ImageOptions Default { get; } = new();

    /// <summary>
    /// Smallest area in pixels that an image is resized to, at least 1; <see langword="null"/> for what the preset says or else the
    /// checkpoint's preprocessor_config.json.
    /// </summary>
    public int? MinPixels
    {
        get;
        init => field = AtLeastOne(value);
    }

    /// <summary>
    /// Largest area in pixels that an image is resized to, at least 1; <see langword="null"/> for what the preset says or else the
    /// checkpoint's preprocessor_config.json, or <see cref="ImageProcessorConfig.DefaultMaxTokens"/> image tokens where that file has the
    /// value that every checkpoint is released with.
    /// </summary>
    public int? MaxPixels
    {
        get;
        init => field = AtLeastOne(value);
    }

    /// <summary>
    /// Whether JPEG and WebP images are turned as their EXIF orientation says; <see langword="null"/> for what the checkpoint says, which
    /// is
    /// <see langword="false"/> unless it was trained otherwise (<see cref="ImageProcessorConfig.ExifOrientation"/>).
    /// </summary>
    public bool? ExifOrientation { get; init; }

    /// <summary>What becomes of the alpha channel of an encoded image.</summary>
    public AlphaHandling Alpha { get; init; }

    /// <summary>What becomes of images whose file ends early.</summary>
    public TruncatedImages Truncated { get; init; }

    private static int? AtLeastOne(int? pixels)
    {
        if (pixels is { } given)
            ArgumentOutOfRangeException.ThrowIfLessThan(given, 1, nameof(pixels));
        return pixels;
    }
}
