using Rge.Data.Mmeb;
using Rge.Imaging;

namespace Rge.Training.Settings;

/// <summary>The training data of a run.</summary>
public sealed record DataSettings
{
    private const int MaxQueries = 1 << 20;

    /// <summary>
    /// Folder of training rows in MMEB's form, with rationales beside; <see langword="null"/> draws from ShapeWorld without end.
    /// </summary>
    public string? Folder { get; init; }

    /// <summary>Folder that image paths are relative to; the data folder unless given.</summary>
    public string? Images { get; init; }

    /// <summary>
    /// How the texts of queries are rewritten, in training and on the development set: <c>preset</c> for the built-in rules for MMEB's
    /// subsets, as <c>rge eval</c> has them; <c>none</c>; or a YAML file of rules. Datasets of other names are left as they are by the
    /// preset.
    /// </summary>
    public string QueryRules { get; init; } = InstructionRules.PresetName;

    /// <summary>The same for the texts of targets.</summary>
    public string CandidateRules { get; init; } = InstructionRules.PresetName;

    /// <summary>
    /// What to do with a row that cannot be used, for example because its image is missing: the run ends, or the next usable row of its
    /// dataset replaces it and the log names it.
    /// </summary>
    public FailureAction OnError { get; init; }

    /// <summary>What to do with images whose file ends early; when accepted, the existing part is used, as in the reference.</summary>
    public TruncatedImages TruncatedImages { get; init; }

    /// <summary>
    /// Smallest area in pixels that an image is resized to, at least 1; <see langword="null"/> for what the checkpoint says. It is written
    /// into the preprocessor_config.json of what the run saves, like <see cref="MaxPixels"/> and <see cref="ExifOrientation"/>.
    /// </summary>
    public int? MinPixels { get; init; }

    /// <summary>
    /// Largest area in pixels that an image is resized to, at least 1; <see langword="null"/> for what the checkpoint says.
    /// </summary>
    public int? MaxPixels { get; init; }

    /// <summary>
    /// Whether photographs are turned as their EXIF orientation says; <see langword="null"/> for what the checkpoint says.
    /// </summary>
    public bool? ExifOrientation { get; init; }

    /// <summary>
    /// Columns to ignore. Other unknown columns are an error, except those that only give the origin of a row.
    /// </summary>
    public string[] IgnoreColumns { get; init; } = [];

    /// <summary>How often each dataset is drawn, relative to the others; those not named are left out. Empty takes all equally.</summary>
    public IDictionary<string, double> Weights { get; init; } = new Dictionary<string, double>(StringComparer.Ordinal);

    /// <summary>Queries in one step of the optimizer; at least 1.</summary>
    public int Queries { get; init; } = 64;

    /// <summary>What the samples of one sub-batch have in common.</summary>
    public BatchMixing Mixing { get; init; } = BatchMixing.Mixed;

    /// <summary>Samples drawn from one dataset or meta-task before the next is chosen; counts unless mixed. At least 1.</summary>
    public int SubBatch { get; init; } = 16;

    /// <summary>Whether hard negatives that come with the data are used.</summary>
    public bool HardNegatives { get; init; } = true;

    /// <summary>How images are read and resized.</summary>
    internal ImageOptions ImageOptions =>
        new()
        {
            MinPixels = MinPixels,
            MaxPixels = MaxPixels,
            ExifOrientation = ExifOrientation,
            Truncated = TruncatedImages,
        };

    internal void Validate()
    {
        foreach (var (name, area) in (ReadOnlySpan<(string, int?)>)[("min_pixels", MinPixels), ("max_pixels", MaxPixels)])
            SettingCheck.That(area is null or >= 1, $"data.{name}", area, "at least 1");
        SettingCheck.That(
            MaxPixels is not { } most || !ImageProcessorConfig.IsStockMaxPixels(most),
            "data.max_pixels",
            MaxPixels,
            "another value: every released checkpoint has this one, so that in the saved one it would count as not chosen"
        );
        SettingCheck.That(!(MinPixels > MaxPixels), "data.min_pixels", MinPixels, $"at most data.max_pixels, which is {MaxPixels}");
        SettingCheck.That(Queries is >= 1 and <= MaxQueries, "data.queries", Queries, $"1 to {MaxQueries}");
        SettingCheck.That(SubBatch >= 1, "data.sub_batch", SubBatch, "at least 1");
        foreach (var (dataset, weight) in Weights)
            SettingCheck.That(weight >= 0 && double.IsFinite(weight), $"data.weights.{dataset}", weight, "0 or more");
    }
}
