namespace Rge.Models.Vision;

/// <summary>Turns pictures into normalised patches, with the values of the reference's image processor. Thread-safe.</summary>
public sealed class ImageProcessor
{
    private readonly ImageProcessorConfig _config;
    private readonly float[][] _levels;

    /// <summary>Creates the processor.</summary>
    /// <exception cref="ArgumentException">The configuration's sizes are below 1, or its mean or std are not one for each channel.</exception>
    public ImageProcessor(ImageProcessorConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        ArgumentOutOfRangeException.ThrowIfLessThan(config.PatchSize, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(config.MergeSize, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(config.TemporalPatchSize, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(config.MinPixels, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(config.MaxPixels, config.MinPixels);
        if (config.Mean.Count != RgbImage.Channels || config.Std.Count != RgbImage.Channels)
            throw new ArgumentException($"Mean has {config.Mean.Count} and std {config.Std.Count} values, expected {RgbImage.Channels}.", nameof(config));
        _config = config;
        _levels = [.. Enumerable.Range(0, RgbImage.Channels).Select(c => Levels(config, c))];
    }

    /// <summary>What this processor was made with.</summary>
    public ImageProcessorConfig Config => _config;

    /// <summary>The patch grid of a picture of that size, without looking at its pixels.</summary>
    /// <exception cref="ImageInputException">The picture is too narrow, or resizing is off and its sides do not fit.</exception>
    public ImageGrid GridOf(int width, int height)
    {
        (width, height) = ResizedSize(width, height);
        return new ImageGrid(1, height / _config.PatchSize, width / _config.PatchSize);
    }

    /// <summary>Resizes, normalises and cuts a picture.</summary>
    /// <returns>
    /// Patches of (channel, frame, row, column). Those of one merged patch lie together, merged patches run along the rows:
    /// <c>[height/m, width/m, m, m]</c> for merge size m. All frames are the same picture.
    /// </returns>
    /// <exception cref="ImageInputException">The picture is too narrow, or resizing is off and its sides do not fit.</exception>
    public PatchedImage Process(RgbImage image)
    {
        ArgumentNullException.ThrowIfNull(image);
        try
        {
            var (width, height) = ResizedSize(image.Width, image.Height);
            var (wideEnough, highEnough) = AtLeastOnePatch(image.Width, image.Height);
            return Cut(PillowResize.Bicubic(PillowResize.Bicubic(image, wideEnough, highEnough), width, height));
        }
        catch (ImageInputException e)
        {
            throw new ImageInputException($"{image.Name} ({image.Width}×{image.Height} pixels): {e.Message}", e);
        }
    }

    /// <summary>The value of each of the 256 levels: the product in double rounded to single, then subtraction and division in single.</summary>
    private static float[] Levels(ImageProcessorConfig config, int channel)
    {
        var levels = new float[256];
        for (var level = 0; level < levels.Length; level++)
        {
            levels[level] = config.Rescale ? (float)(level * config.RescaleFactor) : level;
            if (config.Normalize) levels[level] = (levels[level] - (float)config.Mean[channel]) / (float)config.Std[channel];
        }
        return levels;
    }

    /// <summary>The reference's caller first stretches a side shorter than one merged patch to it, leaving the other side as it is.</summary>
    private (int Width, int Height) AtLeastOnePatch(int width, int height) =>
        (Math.Max(width, _config.MergedPatchSide), Math.Max(height, _config.MergedPatchSide));

    private (int Width, int Height) ResizedSize(int width, int height)
    {
        (width, height) = AtLeastOnePatch(width, height);
        var side = _config.MergedPatchSide;
        if (_config.Resize)
            (height, width) = SmartResize.Fit(height, width, side, _config.MinPixels, _config.MaxPixels);
        else if (width % side != 0 || height % side != 0)
            throw new ImageInputException($"The sides are {width} and {height}, expected multiples of {side}, since resizing is off.");
        return (width, height);
    }

    private PatchedImage Cut(RgbImage image)
    {
        var (patch, merge, frames) = (_config.PatchSize, _config.MergeSize, _config.TemporalPatchSize);
        var grid = new ImageGrid(1, image.Height / patch, image.Width / patch);
        var pixels = GC.AllocateUninitializedArray<float>(checked(grid.Patches * _config.PatchLength));
        var rest = pixels.AsSpan();
        for (var mergedY = 0; mergedY < grid.Height; mergedY += merge)
            for (var mergedX = 0; mergedX < grid.Width; mergedX += merge)
                for (var y = mergedY; y < mergedY + merge; y++)
                    for (var x = mergedX; x < mergedX + merge; x++)
                        for (var channel = 0; channel < RgbImage.Channels; channel++)
                        {
                            var first = rest[..(patch * patch)];
                            CutFrame(image, x * patch, y * patch, channel, first);
                            rest = rest[first.Length..];
                            for (var frame = 1; frame < frames; frame++)
                            {
                                first.CopyTo(rest);
                                rest = rest[first.Length..];
                            }
                        }
        return new PatchedImage(pixels, grid);
    }

    private void CutFrame(RgbImage image, int left, int top, int channel, Span<float> target)
    {
        var (patch, levels) = (_config.PatchSize, _levels[channel]);
        for (var y = 0; y < patch; y++)
        {
            var source = image.Pixels.AsSpan(((top + y) * image.Width + left) * RgbImage.Channels, patch * RgbImage.Channels);
            var row = target.Slice(y * patch, patch);
            for (var x = 0; x < row.Length; x++) row[x] = levels[source[x * RgbImage.Channels + channel]];
        }
    }
}
