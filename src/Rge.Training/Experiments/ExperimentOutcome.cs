using Rge.Training.RunFiles;
using Rge.Training.Settings;

namespace Rge.Training.Experiments;

/// <summary>The results of an experiment, complete or so far.</summary>
public sealed record ExperimentOutcome
{
    /// <summary>The settings.</summary>
    public required ExperimentConfig Config { get; init; }

    /// <summary>The run that all others start with.</summary>
    public required RunFolder Pretraining { get; init; }

    /// <summary>The runs by which settings are chosen; a variant with nothing to choose has one.</summary>
    public required IReadOnlyList<RunResult> Tuning { get; init; }

    /// <summary>The chosen settings, as <c>setting=value</c>, of each variant that has them.</summary>
    public required IReadOnlyDictionary<string, IReadOnlyList<string>> Chosen { get; init; }

    /// <summary>The runs of every variant and seed that are done.</summary>
    public required IReadOnlyList<RunResult> Runs { get; init; }

    /// <summary>The folders of all runs that are done, by <see cref="RunResult.Name"/>.</summary>
    public required IReadOnlyDictionary<string, RunFolder> Folders { get; init; }

    /// <summary>The measurements on the test set that are done.</summary>
    public required IReadOnlyList<TestResult> Tests { get; init; }

    /// <summary>Notes for readers of the report, in sentences.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>Number of all measurements on the test set.</summary>
    public int ExpectedTests => Config.Measurements.Length * Config.Seeds.Length;

    /// <summary>
    /// The measurements of the runs on the development set by variant, one array a run that has any, counted since the pretraining: a run
    /// that starts with another's model stands after it.
    /// </summary>
    internal ILookup<string, DevelopmentScore[]> Development()
    {
        var runs =
            from run in Runs
            let log = Folders[run.Name].Log
            where File.Exists(log)
            let scores = DevelopmentScore
                .In(RunLog.Read(log))
                .Select(score => score with { Step = score.Step + run.EarlierSteps, Seconds = score.Seconds + run.EarlierSeconds })
                .ToArray()
            where scores.Length > 0
            select (run.Variant, Scores: scores);
        return runs.ToLookup(run => run.Variant, run => run.Scores, StringComparer.Ordinal);
    }
}
