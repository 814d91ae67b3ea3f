using Rge.Reports;

namespace Rge.Training.Experiments;

/// <summary>A variant in an <see cref="EqualCost"/>. Scores are in percent.</summary>
internal sealed record EqualCostRow
{
    /// <summary>The variant.</summary>
    public required string Variant { get; init; }

    /// <summary>Steps up to the measurement.</summary>
    public required Spread? Steps { get; init; }

    /// <summary>Seconds of training up to the measurement.</summary>
    public required Spread? Seconds { get; init; }

    /// <summary>hit@1 of the meta-tasks.</summary>
    public required IReadOnlyDictionary<string, Spread?> Groups { get; init; }

    /// <summary>Mean hit@1 of the datasets.</summary>
    public required Spread? Average { get; init; }
}
