using Rge.ShapeWorld;

namespace Rge.Training.Settings;

/// <summary>Evaluation of a run on the development set.</summary>
public sealed record EvaluationSettings
{
    private const int MaxQueries = 1 << 20;

    /// <summary>Steps between two measurements; one more is made at the end. 0 makes none.</summary>
    public int Every { get; init; } = 500;

    /// <summary>ShapeWorld: queries of each dataset.</summary>
    public int Queries { get; init; } = 32;

    /// <summary>ShapeWorld: seed of the development set.</summary>
    public long Seed { get; init; } = 1;

    /// <summary>
    /// ShapeWorld: the datasets, as <see cref="ShapeWorldDatasets.Choose"/> takes them; empty for the eleven of the benchmark.
    /// </summary>
    public string[] Datasets { get; init; } = [];

    /// <summary>
    /// Folder of evaluation rows in MMEB's form, read by the same rules as the training data; ShapeWorld's development set unless given.
    /// </summary>
    public string? Folder { get; init; }

    /// <summary>
    /// Folder that its image paths are relative to; that of the training data's images unless given, or else the folder itself.
    /// </summary>
    public string? Images { get; init; }

    internal void Validate()
    {
        SettingCheck.That(Every >= 0, "evaluation.every", Every, "0 or more");
        SettingCheck.That(Queries is >= 1 and <= MaxQueries, "evaluation.queries", Queries, $"1 to {MaxQueries}");
        SettingCheck.Datasets(Datasets, "evaluation.datasets");
        SettingCheck.That(
            Folder is null || Datasets.Length == 0,
            "evaluation.datasets",
            $"[{string.Join(", ", Datasets)}]",
            "none with evaluation.folder: all datasets of a folder are measured"
        );
    }
}
