using Rge.Training.Runs;
using Rge.Training.Settings;

namespace Rge.Training.Experiments;

/// <summary>What an experiment has come to, in whole or so far.</summary>
public sealed record ExperimentOutcome
{
    /// <summary>The settings.</summary>
    public required ExperimentConfig Config { get; init; }

    /// <summary>The run that all others begin with.</summary>
    public required RunFolder Pretraining { get; init; }

    /// <summary>The runs by which settings are chosen; a variant with nothing to choose has one.</summary>
    public required IReadOnlyList<RunResult> Tuning { get; init; }

    /// <summary>The chosen settings, as <c>setting=value</c>, of each variant for which they are settled.</summary>
    public required IReadOnlyDictionary<string, IReadOnlyList<string>> Chosen { get; init; }

    /// <summary>The runs of every variant and seed that are done.</summary>
    public required IReadOnlyList<RunResult> Runs { get; init; }

    /// <summary>The folders of all runs that are done, by <see cref="RunResult.Name"/>.</summary>
    public required IReadOnlyDictionary<string, RunFolder> Folders { get; init; }

    /// <summary>The measurements on the test set that are done.</summary>
    public required IReadOnlyList<TestResult> Tests { get; init; }

    /// <summary>What a reader of the report has to know before its numbers; sentences.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>Measurements on the test set that there are in the end.</summary>
    public int ExpectedTests => Config.Measurements.Length * Config.Seeds.Length;
}
