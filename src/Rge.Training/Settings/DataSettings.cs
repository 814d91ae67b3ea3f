namespace Rge.Training.Settings;

/// <summary>What a run learns from.</summary>
public sealed record DataSettings
{
    /// <summary>Folder of training rows in MMEB's form, with rationales beside; <see langword="null"/> draws from ShapeWorld without end.</summary>
    public string? Folder { get; init; }

    /// <summary>Folder that image paths are relative to; the data folder unless given.</summary>
    public string? Images { get; init; }

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

    internal void Validate()
    {
        Check.That(Queries >= 1, "data.queries", Queries, "at least 1");
        Check.That(SubBatch >= 1, "data.sub_batch", SubBatch, "at least 1");
        foreach (var (dataset, weight) in Weights) Check.That(weight >= 0 && double.IsFinite(weight), $"data.weights.{dataset}", weight, "0 or more");
    }
}
