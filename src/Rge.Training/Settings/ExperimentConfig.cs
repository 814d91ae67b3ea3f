using Rge.Evaluation;
using Rge.Models;

namespace Rge.Training.Settings;

/// <summary>Several ways of training, compared over several seeds from one pretrained model. Immutable; read from YAML.</summary>
public sealed record ExperimentConfig
{
    /// <summary>Name of the experiment.</summary>
    public string Name { get; init; } = "experiment";

    /// <summary>File of the settings of the pretraining that all variants start with, relative to the experiment's.</summary>
    public string Pretraining { get; init; } = "";

    /// <summary>Seeds of the runs of each variant; choices are made with the first.</summary>
    public long[] Seeds { get; init; } = [1, 2, 3];

    /// <summary>Threads of runs whose settings do not set them; 0 for all cores. Several runs at a time suit one thread each.</summary>
    public int Threads { get; init; }

    /// <summary>
    /// Device of all runs and tests, as <see cref="ModelSettings.Device"/>; null for the settings of each run.
    /// </summary>
    public string? Device { get; init; }

    /// <summary>The ways of training.</summary>
    public VariantSettings[] Variants { get; init; } = [];

    /// <summary>The rows of the table.</summary>
    public MeasurementSettings[] Measurements { get; init; } = [];

    /// <summary>The test set.</summary>
    public TestSettings Test { get; init; } = new();

    internal VariantSettings Variant(string name) => Variants.First(variant => variant.Name == name);

    internal void Validate()
    {
        SettingCheck.That(Pretraining.Length > 0, "pretraining", "''", "a file of settings");
        SettingCheck.That(
            Seeds.Length > 0 && Seeds.Distinct().Count() == Seeds.Length,
            "seeds",
            $"[{string.Join(", ", Seeds)}]",
            "at least one, none twice"
        );
        SettingCheck.That(Threads >= 0, "threads", Threads, "0 or more");
        SettingCheck.That(Device is null || DeviceNames.IsKnown(Device), "device", Device, DeviceNames.Expected);
        SettingCheck.That(Variants.Length > 0, "variants", "[]", "at least one");
        for (var i = 0; i < Variants.Length; i++)
            Variants[i].Validate($"variants.{i}", Variants);
        SettingCheck.That(
            AreDifferent(Variants.Select(variant => variant.Name)),
            "variants",
            Twice(Variants.Select(variant => variant.Name)),
            "each name once"
        );
        SettingCheck.That(
            AreDifferent(Measurements.Select(row => row.Name)),
            "measurements",
            Twice(Measurements.Select(row => row.Name)),
            "each name once"
        );
        for (var i = 0; i < Measurements.Length; i++)
            Measurements[i].Validate($"measurements.{i}", Variants);
        Test.Validate();
        SettingCheck.That(
            Test.Queries > 1 || !Array.Exists(Measurements, measurement => measurement.Queries == QueryRationale.Shuffled),
            "test.queries",
            Test.Queries,
            "at least 2 with a measurement of shuffled queries, which exchange their rationales"
        );
    }

    private static bool AreDifferent(IEnumerable<string> names) => names.Distinct(StringComparer.Ordinal).Count() == names.Count();

    private static string Twice(IEnumerable<string> names) =>
        string.Join(
            ", ",
            names
                .GroupBy(name => name, StringComparer.Ordinal)
                .Where(same => same.Skip(1).Any())
                .Select(same => $"'{same.Key}' several times")
        );
}
