using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Rge.Files;

namespace Rge.Imaging;

/// <summary>
/// How images become patches. Defaults are those of the reference's Qwen2-VL image processor; use <c>with</c> to override those of a
/// checkpoint. Images are always converted to RGB and resized bicubically, as in every released checkpoint.
/// </summary>
public sealed record ImageProcessorConfig
{
    /// <summary>
    /// Maximum number of image tokens where neither the checkpoint nor the caller has chosen: stock files allow 16,384, which takes minutes
    /// for a photograph and does not improve embeddings. Embedding models are trained with about this many.
    /// </summary>
    public const int DefaultMaxTokens = 1024;

    internal const int MaxPatchSize = 256,
        MaxMergeSize = 16,
        MaxTemporalPatchSize = 16,
        MaxMergedPatchSide = 1024;

    private const int Bicubic = 3;

    private const string ProcessorFile = "processor_config.json",
        PreprocessorFile = "preprocessor_config.json",
        ImageSection = "image_processor";
    private const string MinPixelsField = "min_pixels",
        MaxPixelsField = "max_pixels",
        SizeSection = "size",
        ShortestEdge = "shortest_edge",
        LongestEdge = "longest_edge";
    private const string ExifOrientationField = "exif_orientation";

    /// <summary>Largest areas that every Qwen-VL checkpoint is released with: defaults, not a choice made for this checkpoint.</summary>
    private static readonly int[] StockMaxPixels = [16384 * 28 * 28, 16384 * 32 * 32];
    private static readonly double[] ClipMean = [0.48145466, 0.4578275, 0.40821073];
    private static readonly double[] ClipStd = [0.26862954, 0.26130258, 0.27577711];

    /// <summary>Smallest area in pixels after resizing.</summary>
    public int MinPixels { get; init; } = 56 * 56;

    /// <summary>Largest area in pixels after resizing.</summary>
    public int MaxPixels { get; init; } = 28 * 28 * 1280;

    /// <summary>Side of a patch in pixels.</summary>
    public int PatchSize { get; init; } = 14;

    /// <summary>Side, in patches, of the square that becomes one image token.</summary>
    public int MergeSize { get; init; } = 2;

    /// <summary>Frames in a patch; a still image is repeated to fill it.</summary>
    public int TemporalPatchSize { get; init; } = 2;

    /// <summary>Subtracted from each channel after rescaling.</summary>
    public IReadOnlyList<double> Mean { get; init; } = ClipMean;

    /// <summary>Divides each channel after rescaling.</summary>
    public IReadOnlyList<double> Std { get; init; } = ClipStd;

    /// <summary>What a pixel of 0 to 255 is multiplied by.</summary>
    public double RescaleFactor { get; init; } = 1 / 255.0;

    /// <summary>Whether images are resized; otherwise their sides must be multiples of a merged patch.</summary>
    public bool Resize { get; init; } = true;

    /// <summary>Whether pixels are multiplied by <see cref="RescaleFactor"/>.</summary>
    public bool Rescale { get; init; } = true;

    /// <summary>Whether <see cref="Mean"/> and <see cref="Std"/> are applied.</summary>
    public bool Normalize { get; init; } = true;

    /// <summary>
    /// Whether JPEG and WebP images are turned as their EXIF orientation says, unless the caller decides: the field
    /// <c>exif_orientation</c>, which training writes and other libraries do not know.
    /// </summary>
    [JsonIgnore]
    public bool ExifOrientation { get; init; }

    /// <summary>
    /// The resizes that an image goes through, the last of them a <see cref="FitStep"/>, whose limits are <see cref="MinPixels"/> and
    /// <see cref="MaxPixels"/>. Empty for those of the image processors of transformers: a side shorter than a merged patch is stretched to
    /// it, then the image is fitted.
    /// </summary>
    [JsonIgnore]
    public IReadOnlyList<ResizeStep> Steps { get; init; } = [];

    /// <summary>Side of a merged patch in pixels: both sides of a resized image are multiples of it.</summary>
    public int MergedPatchSide => PatchSize * MergeSize;

    /// <summary>Values in one flattened patch.</summary>
    public int PatchLength => RgbImage.Channels * TemporalPatchSize * PatchSize * PatchSize;

    /// <summary>Whether a folder has image settings of its own.</summary>
    /// <exception cref="CheckpointException">Its processor_config.json cannot be read.</exception>
    public static bool IsIn(string folder) =>
        File.Exists(Path.Combine(folder, PreprocessorFile))
        || (
            Path.Combine(folder, ProcessorFile) is var path
            && File.Exists(path)
            && JsonFile.ReadConfig(path, file => file.Has(ImageSection))
        );

    /// <summary>
    /// Reads a checkpoint folder: the <c>image_processor</c> section of processor_config.json where there is one (newer checkpoints), else
    /// preprocessor_config.json. The area comes from <c>min_pixels</c> and <c>max_pixels</c>, else from <c>size</c>, whose
    /// <c>shortest_edge</c> and <c>longest_edge</c> are areas too in this family.
    /// </summary>
    /// <exception cref="CheckpointException">Neither file exists, or a field is invalid.</exception>
    public static ImageProcessorConfig FromFolder(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        var path = Path.Combine(folder, ProcessorFile);
        if (
            File.Exists(path)
            && JsonFile.ReadConfig(path, file => file.Section(ImageSection) is { } section ? FromReader(section) : null) is { } config
        )
            return config;
        path = Path.Combine(folder, PreprocessorFile);
        if (!File.Exists(path))
            throw new CheckpointException($"{folder} has neither {PreprocessorFile} nor {ProcessorFile} with an {ImageSection} section.");
        return JsonFile.ReadConfig(path, FromReader);
    }

    /// <summary>
    /// Writes a checkpoint's image settings, overridden by the options, so that the folder, loaded without options, reads and
    /// resizes images in the same way. All other fields are unchanged.
    /// </summary>
    /// <param name="source">The checkpoint folder that the settings come from.</param>
    /// <param name="target">The folder to write to; it may be the same.</param>
    /// <param name="options">What to override. <see cref="ImageOptions.Truncated"/> is no setting of a checkpoint and is left out.</param>
    /// <exception cref="CheckpointException">The settings cannot be read, or the options do not fit them.</exception>
    public static void Write(string source, string target, ImageOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options.MaxPixels is { } chosen && IsStockMaxPixels(chosen))
        {
            throw new CheckpointException(
                $"The largest area of images is given as {chosen} pixels, which every released checkpoint has and so counts as "
                    + "not chosen "
                    + $"there. Give another, such as {chosen - 1}."
            );
        }
        var inForce = FromFolder(source).With(options);
        foreach (var name in (string[])[ProcessorFile, PreprocessorFile])
        {
            var path = Path.Combine(source, name);
            if (!File.Exists(path))
                continue;
            var file = JsonFile.ReadObject(path);
            if ((name == ProcessorFile ? file[ImageSection] : file) is not JsonObject settings)
                continue;
            if (options.MinPixels is not null || options.MaxPixels is not null)
                Set(MinPixelsField, ShortestEdge, inForce.MinPixels);
            if (options.MaxPixels is not null)
                Set(MaxPixelsField, LongestEdge, inForce.MaxPixels);
            if (options.ExifOrientation is { } turned)
                settings[ExifOrientationField] = turned;
            AtomicFile.WriteJson(Path.Combine(target, name), file);

            void Set(string field, string edge, int area)
            {
                settings[field] = area;
                if (settings[SizeSection] is JsonObject size)
                    size[edge] = area;
            }
        }
    }

    /// <summary>Whether a largest area is the default that every checkpoint is released with.</summary>
    /// <param name="area">An area in pixels.</param>
    public static bool IsStockMaxPixels(int area) => StockMaxPixels.Contains(area);

    /// <summary>
    /// The effective areas: those of the options, else those of this configuration, with <see cref="DefaultMaxTokens"/> image tokens in
    /// place of a largest area that is the default. A smallest area above the given largest is reduced to it.
    /// </summary>
    /// <exception cref="CheckpointException">The smallest area that is given is above the largest.</exception>
    public ImageProcessorConfig With(ImageOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var isChosen = Steps.Count > 0 || !IsStockMaxPixels(MaxPixels);
        var most = options.MaxPixels ?? (isChosen ? MaxPixels : DefaultMaxTokens * MergedPatchSide * MergedPatchSide);
        if (options.MinPixels > most)
            throw new CheckpointException(
                $"The smallest area of images is given as {options.MinPixels} pixels, but the largest is {most}: give a larger one as "
                    + "well (--max-pixels)."
            );
        return this with { MinPixels = Math.Min(options.MinPixels ?? MinPixels, most), MaxPixels = most };
    }

    /// <summary>The same with other resizes, and the areas of the last of them, which count as chosen.</summary>
    /// <param name="steps">The resizes in their order; not empty, the last one a <see cref="FitStep"/>.</param>
    /// <exception cref="ArgumentException">There is none, or the last is another.</exception>
    public ImageProcessorConfig WithSteps(IReadOnlyList<ResizeStep> steps)
    {
        ArgumentNullException.ThrowIfNull(steps);
        if (steps is not [.., FitStep last])
            throw new ArgumentException($"The last step is no {nameof(FitStep)}.", nameof(steps));
        return this with { Steps = steps, MinPixels = Area(last.MinTokens), MaxPixels = Area(last.MaxTokens), Resize = true };
    }

    /// <summary>The area of that many merged patches in pixels.</summary>
    internal int Area(int tokens) => (int)Math.Min((long)tokens * MergedPatchSide * MergedPatchSide, int.MaxValue);

    private static ImageProcessorConfig FromReader(ConfigReader reader)
    {
        var defaults = new ImageProcessorConfig();
        var size = reader.Section(SizeSection);
        var minPixels = Area(MinPixelsField, ShortestEdge, defaults.MinPixels);
        var maxPixels = Area(MaxPixelsField, LongestEdge, defaults.MaxPixels);
        if (maxPixels < minPixels)
            throw reader.Error(MaxPixelsField, $"is {maxPixels}, expected at least min_pixels, which is {minPixels}");
        reader.Int("resample", Bicubic, Bicubic, Bicubic);
        var (patch, merge) = (
            reader.Int("patch_size", 1, MaxPatchSize, defaults.PatchSize),
            reader.Int("merge_size", 1, MaxMergeSize, defaults.MergeSize)
        );
        if (patch * merge > MaxMergedPatchSide)
            throw reader.Error(
                "patch_size",
                $"is {patch}, which with a merge_size of {merge} makes merged patches of {patch * merge} pixels, expected at most "
                    + $"{MaxMergedPatchSide}"
            );
        return new ImageProcessorConfig
        {
            MinPixels = minPixels,
            MaxPixels = maxPixels,
            PatchSize = patch,
            MergeSize = merge,
            TemporalPatchSize = reader.Int("temporal_patch_size", 1, MaxTemporalPatchSize, defaults.TemporalPatchSize),
            // In single precision, what is closer to zero or larger than this is no number any more.
            Mean = Channels("image_mean", -1e6, ClipMean),
            Std = Channels("image_std", 1e-6, ClipStd),
            RescaleFactor = reader.Double("rescale_factor", 1e-12, 1e6, defaults.RescaleFactor),
            Resize = reader.Bool("do_resize", fallback: true),
            Rescale = reader.Bool("do_rescale", fallback: true),
            Normalize = reader.Bool("do_normalize", fallback: true),
            ExifOrientation = reader.Bool(ExifOrientationField, fallback: false),
        };

        int Area(string field, string edge, int fallback)
        {
            var found = reader.Int(field, 0, int.MaxValue, 0);
            if (found == 0 && size is not null)
                found = size.Int(edge, 0, int.MaxValue, size.Int(field, 0, int.MaxValue, 0));
            return found == 0 ? fallback : found;
        }

        IReadOnlyList<double> Channels(string field, double min, double[] fallback)
        {
            var values = reader.Doubles(field) ?? fallback;
            return values.Count == RgbImage.Channels && values.All(v => v >= min && v <= 1e6)
                ? values
                : throw reader.Error(
                    field,
                    $"is [{string.Join(", ", values)}], expected {RgbImage.Channels} numbers{(min > 0 ? " above 0" : "")} of at most a "
                        + "million"
                );
        }
    }
}
