using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Rge.Data;
using Rge.Data.ShapeWorld;
using Rge.Evaluation;
using Rge.Models;
using Rge.Training.Runs;
using Rge.Training.Settings;

namespace Rge.Training.Experiments;

/// <summary>
/// Trains and compares variants: one pretraining for all, choices on the development set with the first seed, every variant with every
/// seed, then the test set. Each run and measurement that is done is on the disk and not done again.
/// </summary>
public sealed class Experiment
{
    private static readonly JsonSerializerOptions Json = new() { WriteIndented = true, PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    private readonly ExperimentConfig _config;
    private readonly string _configFolder;
    private readonly string _folder;
    private readonly IProgress<ExperimentProgress>? _progress;

    /// <summary>Sets an experiment up; nothing is read or written yet.</summary>
    /// <param name="config">The settings.</param>
    /// <param name="configFolder">The folder that files named in the settings are relative to.</param>
    /// <param name="folder">Where runs and results go.</param>
    /// <param name="progress">Told of every step of a run and whatever is done.</param>
    /// <exception cref="TrainingException">A setting is out of its range.</exception>
    public Experiment(ExperimentConfig config, string configFolder, string folder, IProgress<ExperimentProgress>? progress = null)
    {
        ArgumentNullException.ThrowIfNull(config);
        config.Validate();
        (_config, _configFolder, _folder, _progress) = (config, configFolder, folder, progress);
    }

    /// <summary>Does all that is not done yet.</summary>
    /// <param name="jobs">Runs at the same time; each should then have one thread.</param>
    /// <param name="cancellationToken">Stops after a checkpoint of what runs.</param>
    /// <returns>A result for each measurement and seed.</returns>
    public IReadOnlyList<TestResult> Run(int jobs = 1, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(jobs, 1);
        var pretraining = Pretrain(cancellationToken);

        var tuning = _config.Variants.SelectMany(variant => Choices(variant).Select(choice => Plan(variant, choice, _config.Seeds[0], pretraining))).ToArray();
        var tuned = Train("tuning", tuning, jobs, cancellationToken);
        var chosen = _config.Variants.ToDictionary(
            variant => variant.Name,
            variant => tuned.Where(result => result.Variant == variant.Name).MaxBy(result => result.DevelopmentAverage)!.Choice,
            StringComparer.Ordinal);

        var runs = _config.Seeds.SelectMany(seed => _config.Variants.Select(variant => Plan(variant, chosen[variant.Name], seed, pretraining))).ToArray();
        var results = Train("training", runs, jobs, cancellationToken);
        return Test(runs, results, jobs, cancellationToken);
    }

    /// <summary>Trains the model that every variant begins with; its folder.</summary>
    private string Pretrain(CancellationToken cancellationToken)
    {
        var config = ConfigFile.Read<TrainingConfig>(Path.Combine(_configFolder, _config.Pretraining));
        var folder = new RunFolder(Path.Combine(_folder, "pretraining"));
        if (!Directory.Exists(folder.Model)) new Trainer(config, folder, Relay("pretraining", config.Name, () => 0, 1)).Run(resume: true, cancellationToken);
        return folder.Model;
    }

    /// <summary>Every combination of the values to try; one empty one where nothing is tuned.</summary>
    private static IEnumerable<IReadOnlyList<string>> Choices(VariantSettings variant) => variant.Tune.Aggregate(
        (IEnumerable<IReadOnlyList<string>>)[[]],
        (choices, setting) => choices.SelectMany(choice => setting.Value.Select(value => (IReadOnlyList<string>)[.. choice, $"{setting.Key}={value}"])));

    private ExperimentRun Plan(VariantSettings variant, IReadOnlyList<string> choice, long seed, string pretraining)
    {
        string[] settings = [.. variant.Set.Select(pair => $"{pair.Key}={pair.Value}"), .. choice, $"seed={seed.ToString(CultureInfo.InvariantCulture)}"];
        var config = ConfigFile.Read<TrainingConfig>(Path.Combine(_configFolder, variant.Config), settings);
        config = config with { Name = variant.Name, Model = config.Model with { Checkpoint = pretraining, Shape = null } };
        var name = string.Join('-', [variant.Name, .. choice.Select(setting => setting[(setting.IndexOf('=', StringComparison.Ordinal) + 1)..]), $"seed{seed.ToString(CultureInfo.InvariantCulture)}"]);
        return new ExperimentRun(variant, choice, config, new RunFolder(Path.Combine(_folder, "runs", name)));
    }

    private RunResult[] Train(string stage, ExperimentRun[] runs, int jobs, CancellationToken cancellationToken)
    {
        var results = new RunResult[runs.Length];
        var done = 0;
        InParallel(runs.Length, jobs, i =>
        {
            var run = runs[i];
            var path = Path.Combine(run.Folder.Root, "result.json");
            if (!File.Exists(path))
            {
                var outcome = new Trainer(run.Config, run.Folder, Relay(stage, Path.GetFileName(run.Folder.Root), () => done, runs.Length)).Run(resume: true, cancellationToken);
                AtomicFile.WriteText(path, JsonSerializer.Serialize(Describe(run, outcome), Json));
            }
            results[i] = Read<RunResult>(path);
            _progress?.Report(new ExperimentProgress(stage, Interlocked.Increment(ref done), runs.Length, $"{Path.GetFileName(run.Folder.Root)}: development hit@1 {results[i].DevelopmentAverage:P1} after {results[i].Seconds:0} s"));
        }, cancellationToken);
        return results;
    }

    private static RunResult Describe(ExperimentRun run, TrainingOutcome outcome) => new()
    {
        Variant = run.Variant.Name,
        Seed = run.Config.Seed,
        Choice = run.Choice,
        Steps = outcome.State.Step,
        Seconds = outcome.State.TrainingSeconds,
        Queries = outcome.State.Queries,
        GeneratedTokens = outcome.State.GeneratedTokens,
        Development = ScoreJson.Of(outcome.Development ?? throw new TrainingException($"{run.Variant.Config}: evaluation.every is 0, but an experiment needs the development set.")),
    };

    private TestResult[] Test(ExperimentRun[] runs, RunResult[] results, int jobs, CancellationToken cancellationToken)
    {
        var work = _config.Measurements.SelectMany(measurement => runs.Zip(results).Where(pair => pair.First.Variant.Name == measurement.Variant)
            .Select(pair => (Measurement: measurement, Run: pair.First, Result: pair.Second))).ToArray();
        var datasets = new Lazy<IReadOnlyList<EvaluationDataset>>(() => ShapeWorldEvaluation.Create(WorldSplit.Test, (ulong)_config.Test.Seed, _config.Test.Queries));
        var tests = new TestResult[work.Length];
        var done = 0;
        InParallel(work.Length, jobs, i =>
        {
            var (measurement, run, result) = work[i];
            var path = Path.Combine(run.Folder.Root, $"test-{measurement.Queries.ToString().ToLowerInvariant()}-{_config.Test.Seed}-{_config.Test.Queries}.json");
            if (!File.Exists(path)) AtomicFile.WriteText(path, Evaluate(run, measurement, datasets.Value, cancellationToken).ToJsonString(Json));
            tests[i] = new TestResult(measurement.Name, result, Read<JsonObject>(path));
            _progress?.Report(new ExperimentProgress("testing", Interlocked.Increment(ref done), work.Length, $"{measurement.Name}, seed {result.Seed}"));
        }, cancellationToken);
        return tests;
    }

    private static JsonObject Evaluate(ExperimentRun run, MeasurementSettings measurement, IReadOnlyList<EvaluationDataset> datasets, CancellationToken cancellationToken)
    {
        using var embedder = ReasoningEmbedder.Load(run.Folder.Model, new ReasoningEmbedderOptions { Generation = Trainee.Generation(run.Config.Objective, QwenVlProcessor.Load(run.Folder.Model)) });
        return ScoreJson.Of(new Evaluator(embedder).RunAsync(datasets, measurement.Queries, cancellationToken: cancellationToken).GetAwaiter().GetResult());
    }

    private static T Read<T>(string path) => JsonSerializer.Deserialize<T>(File.ReadAllText(path), Json) ?? throw new TrainingException($"{path} is empty.");

    /// <summary>Does things side by side, each on a thread of its own, since gradient mode belongs to a thread. The first error ends all.</summary>
    private static void InParallel(int count, int jobs, Action<int> work, CancellationToken cancellationToken)
    {
        var (next, errors) = (-1, new ConcurrentQueue<Exception>());
        var threads = Enumerable.Range(0, Math.Min(jobs, count)).Select(_ => new Thread(() =>
        {
            for (int i; errors.IsEmpty && (i = Interlocked.Increment(ref next)) < count;)
            {
                try
                {
                    work(i);
                }
                catch (Exception e)
                {
                    errors.Enqueue(e);
                }
            }
        })).ToArray();
        foreach (var thread in threads) thread.Start();
        foreach (var thread in threads) thread.Join();
        cancellationToken.ThrowIfCancellationRequested();
        if (errors.TryDequeue(out var error)) System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(error);
    }

    private IProgress<TrainingProgress>? Relay(string stage, string run, Func<int> done, int total) => _progress is null ? null : new StepRelay(value =>
        _progress.Report(new ExperimentProgress(stage, done(), total, value.Remark is null ? $"{run}: {value.Phase}, step {value.Step} of {value.Steps}, {value.TimeLeft:hh\\:mm\\:ss} left" : $"{run}: {value.Remark}")));

    private sealed class StepRelay(Action<TrainingProgress> report) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => report(value);
    }
}
