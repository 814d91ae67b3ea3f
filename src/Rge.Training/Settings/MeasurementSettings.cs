using Rge.Evaluation;

namespace Rge.Training.Settings;

/// <summary>A row of an experiment's table: a variant, evaluated in some way.</summary>
public sealed record MeasurementSettings
{
    /// <summary>Name in tables.</summary>
    public string Name { get; init; } = "";

    /// <summary>The variant.</summary>
    public string Variant { get; init; } = "";

    /// <summary>
    /// The rationale that queries are embedded with, or what is embedded in their place: <c>written</c>, <c>none</c>, <c>oracle</c>,
    /// <c>conclusion_as_target</c>, <c>rationale_as_target</c>, <c>shuffled</c>, <c>filler</c> or, of a model with a gate,
    /// <c>auto</c>, which gives the curve of thresholds, too.
    /// </summary>
    public QueryRationale Queries { get; init; }

    /// <summary>Whether it is a baseline: reports compare the others with the best one.</summary>
    public bool Baseline { get; init; }

    internal void Validate(string where, IEnumerable<VariantSettings> variants)
    {
        SettingCheck.That(Name.Length > 0, $"{where}.name", "''", "a name");
        SettingCheck.That(
            variants.Any(variant => variant.Name == Variant),
            $"{where}.variant",
            $"'{Variant}'",
            $"one of {string.Join(", ", variants.Select(variant => variant.Name))}"
        );
    }
}
