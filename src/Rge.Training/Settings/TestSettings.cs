using Rge.ShapeWorld;

namespace Rge.Training.Settings;

/// <summary>The test set of an experiment: drawn from ShapeWorld's test split, which is used for no choice.</summary>
public sealed record TestSettings
{
    /// <summary>Seed of the test set.</summary>
    public long Seed { get; init; } = 1;

    /// <summary>Queries of each dataset.</summary>
    public int Queries { get; init; } = 256;

    /// <summary>The datasets, as <see cref="ShapeWorldDatasets.Choose"/> takes them; empty for the eleven of the benchmark.</summary>
    public string[] Datasets { get; init; } = [];

    internal void Validate()
    {
        SettingCheck.That(Queries >= 1, "test.queries", Queries, "at least 1");
        SettingCheck.Datasets(Datasets, "test.datasets");
    }
}
