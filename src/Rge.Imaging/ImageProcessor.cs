namespace Rge.Imaging;

/// <summary>Turns images into normalized patches, with the values of the reference's image processor. Thread-safe.</summary>
public sealed class ImageProcessor
{
    /// <summary>Values of an image's patches: 1 GB of them. No budget of tokens that a model has comes near.</summary>
    private const long MaxValues = 1 << 28;

    private readonly ImageProcessorConfig _config;
    private readonly float[][] _levels;

    /// <summary>Creates the processor.</summary>
    /// <param name="config">How images are resized and cut. Its areas are used, whatever the options say.</param>
    /// <param name="options">How images are to be read before that; <see cref="ImageOptions.Default"/> when null.</param>
    /// <exception cref="ArgumentException">The configuration's sizes are out of range, or its mean or std are not one for each
    /// channel.</exception>
    public ImageProcessor(ImageProcessorConfig config, ImageOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(config);
        RequireWithin(config.PatchSize, ImageProcessorConfig.MaxPatchSize, nameof(config.PatchSize));
        RequireWithin(config.MergeSize, ImageProcessorConfig.MaxMergeSize, nameof(config.MergeSize));
        RequireWithin(config.TemporalPatchSize, ImageProcessorConfig.MaxTemporalPatchSize, nameof(config.TemporalPatchSize));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(config.MergedPatchSide, ImageProcessorConfig.MaxMergedPatchSide);
        ArgumentOutOfRangeException.ThrowIfLessThan(config.MinPixels, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(config.MaxPixels, config.MinPixels);
        if (config.Mean.Count != RgbImage.Channels || config.Std.Count != RgbImage.Channels)
            throw new ArgumentException(
                $"Mean has {config.Mean.Count} and std {config.Std.Count} values, expected {RgbImage.Channels}.",
                nameof(config)
            );
        _config = config;
        options ??= ImageOptions.Default;
        Options = options with { ExifOrientation = options.ExifOrientation ?? config.ExifOrientation };
        _levels = [.. Enumerable.Range(0, RgbImage.Channels).Select(c => Levels(config, c))];

        static void RequireWithin(int size, int max, string name)
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(size, 1, name);
            ArgumentOutOfRangeException.ThrowIfGreaterThan(size, max, name);
        }
    }

    /// <summary>What this processor was made with.</summary>
    public ImageProcessorConfig Config => _config;

    /// <summary>How images are to be read that go through this processor; for those who decode them.</summary>
    public ImageOptions Options { get; }

    /// <summary>The same processor under other options.</summary>
    /// <exception cref="CheckpointException">The smallest area is above the largest.</exception>
    public ImageProcessor With(ImageOptions options) => new(_config.With(options), options);

    /// <summary>The same processor with other resizes.</summary>
    /// <inheritdoc cref="ImageProcessorConfig.WithSteps"/>
    public ImageProcessor WithSteps(IReadOnlyList<ResizeStep> steps) => new(_config.WithSteps(steps), Options);

    /// <summary>The patch grid of an image of that size, without looking at its pixels.</summary>
    /// <exception cref="ImageInputException">The image is too narrow or would become too large, or resizing is off and its sides do not
    /// fit.</exception>
    public ImageGrid GridOf(int width, int height)
    {
        (width, height) = Sizes(width, height)[^1];
        return new ImageGrid(1, height / _config.PatchSize, width / _config.PatchSize);
    }

    /// <summary>Resizes, normalizes and cuts an image.</summary>
    /// <param name="image">The image.</param>
    /// <param name="maxTokens">Maximum number of image tokens, which are merged patches; checked before it is resized.</param>
    /// <returns>
    /// Patches of (channel, frame, row, column). Those of one merged patch are adjacent; merged patches are in row order:
    /// <c>[height/m, width/m, m, m]</c> for merge size m. All frames are the same image.
    /// </returns>
    /// <exception cref="ImageInputException">The image is too narrow or would become too large, or resizing is off and its sides do not
    /// fit.</exception>
    public PatchedImage Process(RgbImage image, int maxTokens = int.MaxValue)
    {
        ArgumentNullException.ThrowIfNull(image);
        try
        {
            var sizes = Sizes(image.Width, image.Height);
            var (width, height) = sizes[^1];
            var tokens = (long)width * height / ((long)_config.MergedPatchSide * _config.MergedPatchSide);
            if (tokens > maxTokens)
                throw new ImageInputException(
                    $"It would take {tokens} image tokens, expected at most {maxTokens}: give a lower largest area (--max-pixels)."
                );
            return Cut(sizes.Aggregate(image, (resized, size) => PillowResize.Bicubic(resized, size.Width, size.Height)));
        }
        catch (ImageInputException e)
        {
            throw new ImageInputException($"{image.Name} ({image.Width}×{image.Height} pixels): {e.Message}", e);
        }
    }

    /// <summary>
    /// The value of each of the 256 levels: the product in double rounded to single, then subtraction and division in single.
    /// </summary>
    private static float[] Levels(ImageProcessorConfig config, int channel)
    {
        var levels = new float[256];
        for (var level = 0; level < levels.Length; level++)
        {
            levels[level] = config.Rescale ? (float)(level * config.RescaleFactor) : level;
            if (config.Normalize)
                levels[level] = (levels[level] - (float)config.Mean[channel]) / (float)config.Std[channel];
        }
        return levels;
    }

    /// <summary>
    /// The reference's caller first stretches a side shorter than one merged patch to it, leaving the other side as it is.
    /// </summary>
    private (int Width, int Height) AtLeastOnePatch(int width, int height) =>
        (Math.Max(width, _config.MergedPatchSide), Math.Max(height, _config.MergedPatchSide));

    /// <summary>The sizes that an image gets one after the other; the last one is that of the patches.</summary>
    private IReadOnlyList<(int Width, int Height)> Sizes(int width, int height)
    {
        var (given, sizes) = ((width, height), new List<(int Width, int Height)>());
        if (_config.Steps is [.., FitStep last])
        {
            foreach (var step in _config.Steps.SkipLast(1))
                sizes.Add((width, height) = Apply(step, width, height));
            sizes.Add(Fit(width, height, _config.MinPixels, _config.MaxPixels, last.Rule));
        }
        else
        {
            sizes.Add((width, height) = AtLeastOnePatch(width, height));
            if (_config.Resize)
                sizes.Add(Fit(width, height, _config.MinPixels, _config.MaxPixels, SizeRule.Transformers));
        }
        foreach (var step in sizes.SkipLast(1))
            if (step != given && !IsReadable(step))
                throw new ImageInputException(
                    $"A step of the preset would resize it to {step.Width}×{step.Height} pixels, which no model reads: expected a preset "
                        + "with smaller steps."
                );
        RequirePatches(sizes[^1]);
        return sizes;
    }

    private (int Width, int Height) Apply(ResizeStep step, int width, int height) =>
        step switch
        {
            SquareStep square => Math.Min(width, height) < square.Below ? (square.Side, square.Side) : (width, height),
            FitStep fit => Fit(width, height, _config.Area(fit.MinTokens), _config.Area(fit.MaxTokens), fit.Rule),
            _ => throw new InvalidOperationException($"A {step.GetType().Name} is no step of resizing."),
        };

    private (int Width, int Height) Fit(int width, int height, int minPixels, int maxPixels, SizeRule rule)
    {
        (height, width) = SmartResize.Fit(height, width, _config.MergedPatchSide, minPixels, maxPixels, rule);
        return (width, height);
    }

    private void RequirePatches((int Width, int Height) size)
    {
        var (width, height) = size;
        var side = _config.MergedPatchSide;
        if (width % side != 0 || height % side != 0)
            throw new ImageInputException($"The sides are {width} and {height}, expected multiples of {side}, since resizing is off.");
        if (!IsReadable(size))
            throw new ImageInputException(
                $"It would be resized to {width}×{height} pixels, which no model reads: give a lower largest area (--max-pixels)."
            );
    }

    private bool IsReadable((int Width, int Height) size) =>
        (long)size.Width * size.Height * RgbImage.Channels * _config.TemporalPatchSize <= MaxValues;

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
            for (var x = 0; x < row.Length; x++)
                row[x] = levels[source[x * RgbImage.Channels + channel]];
        }
    }
}
