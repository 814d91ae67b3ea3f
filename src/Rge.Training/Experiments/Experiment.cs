using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Rge.Data;
using Rge.Evaluation;
using Rge.Files;
using Rge.Models;
using Rge.ShapeWorld;
using Rge.ShapeWorld.Scenes;
using Rge.Training.RunFiles;
using Rge.Training.Runs;
using Rge.Training.Settings;
using Rge.Training.Tasks;

namespace Rge.Training.Experiments;

/// <summary>
/// Trains and compares variants: one pretraining for all, choices on the development set with the first seed, every variant with every
/// seed, then the test set. Finished runs and measurements are on disk and not repeated.
/// </summary>
/// <remarks>One call of <see cref="RunAsync"/> at a time.</remarks>
public sealed class Experiment
{
    private static readonly JsonSerializerOptions Json = new()
    {
        AllowDuplicateProperties = false,
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
    };

    private readonly ExperimentConfig _config;
    private readonly string _configFolder;
    private readonly string _folder;
    private readonly IProgress<ExperimentProgress>? _progress;
    private readonly ConcurrentDictionary<string, Lazy<Task<RunResult>>> _results = new(StringComparer.Ordinal);

    /// <summary>Prepares an experiment; nothing is read or written yet.</summary>
    /// <param name="config">The settings.</param>
    /// <param name="configFolder">The folder that files named in the settings are relative to.</param>
    /// <param name="folder">Where runs and results go.</param>
    /// <param name="progress">Receives every step of a run and every finished run or measurement.</param>
    /// <exception cref="TrainingException">A setting is out of its range.</exception>
    public Experiment(ExperimentConfig config, string configFolder, string folder, IProgress<ExperimentProgress>? progress = null)
    {
        ArgumentNullException.ThrowIfNull(config);
        config.Validate();
        (_config, _configFolder, _folder, _progress) = (config, configFolder, folder, progress);
    }

    /// <summary>Runs everything that is not done yet.</summary>
    /// <param name="jobs">Runs at the same time; each should then have one thread.</param>
    /// <param name="cancellationToken">Stops after a checkpoint of the current runs.</param>
    /// <exception cref="TrainingException">The settings of a run cannot be used, which is checked before the first step, or a run
    /// fails.</exception>
    public async Task<ExperimentOutcome> RunAsync(int jobs = 1, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(jobs, 1);
        _results.Clear();
        Check();
        await PretrainAsync(cancellationToken);
        var tuned = await TrainAsync("tuning", TuningRuns(), jobs, cancellationToken);
        var runs = FinalRuns(Chosen(tuned));
        await TestAsync(runs, await TrainAsync("training", runs, jobs, cancellationToken), jobs, cancellationToken);
        return Read();
    }

    /// <summary>The results so far; trains and measures nothing.</summary>
    public ExperimentOutcome Read()
    {
        RunResult[] tuned = [.. TuningRuns().Select(Finished).OfType<RunResult>()];
        var chosen = Chosen(tuned);
        var runs = FinalRuns(chosen).Select(run => (Run: run, Result: Finished(run))).Where(pair => pair.Result is not null).ToArray();
        return new ExperimentOutcome
        {
            Config = _config,
            Pretraining = PretrainingFolder,
            Tuning = tuned,
            Chosen = chosen,
            Runs = [.. runs.Select(pair => pair.Result!)],
            Folders = tuned
                .Concat(runs.Select(pair => pair.Result!))
                .Select(result => result.Name)
                .Distinct(StringComparer.Ordinal)
                .ToDictionary(name => name, FolderOf, StringComparer.Ordinal),
            Tests =
            [
                .. from measurement in _config.Measurements
                from pair in runs
                where pair.Run.Variant.Name == measurement.Variant && File.Exists(ScoresOf(pair.Run, measurement))
                select new TestResult(measurement.Name, pair.Result!, Read<JsonObject>(ScoresOf(pair.Run, measurement))),
            ],
        };
    }

    /// <summary>Reads the settings of every run there can be, so that what is wrong with them is known before the first step.</summary>
    private void Check()
    {
        var pretraining = ReadPretraining();
        TrainingTasks.BuiltIn.Require(pretraining);
        RequireWholeModel(pretraining, _config.Pretraining);
        var names = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var variant in _config.Variants)
        {
            foreach (var choice in Choices(variant))
            {
                var run = Plan(variant, choice, _config.Seeds[0]);
                TrainingTasks.BuiltIn.Require(run.Config);
                var place = $"variant {variant.Name}, {variant.Config}";
                RequireWholeModel(run.Config, place);
                if (run.Config.Evaluation.Every == 0)
                    throw new TrainingException(
                        $"{place}: evaluation.every is 0, expected at least 1: an experiment needs the development set."
                    );
                if (!run.Config.Objective.Gate.IsOn && Array.Find(_config.Measurements, NeedsGate) is { } measurement)
                    throw new TrainingException(
                        $"measurement {measurement.Name}: queries is auto, but {place} trains no gate: expected objective.gate.weight above 0."
                    );
                var described = string.Join(", ", [variant.Name, .. choice]);
                if (!names.TryAdd(run.Name, described))
                    throw new TrainingException(
                        $"The runs of ({names[run.Name]}) and ({described}) would both be called {run.Name}: give the variants other names."
                    );
            }

            bool NeedsGate(MeasurementSettings measurement) =>
                measurement.Variant == variant.Name && measurement.Queries == QueryRationale.Auto;
        }
    }

    /// <summary>The model of a run is tested, or started with, as a checkpoint, which an adapter alone is not.</summary>
    private static void RequireWholeModel(TrainingConfig config, string place)
    {
        if (config.Model.Adapter is not null)
            throw new TrainingException(
                $"{place}: model.adapter is set, expected none: an experiment tests whole models. An adapter is trained with rge train and "
                    + "tested with rge eval."
            );
    }

    private TrainingConfig ReadPretraining() => OnDevice(ConfigFile.Read<TrainingConfig>(Path.Combine(_configFolder, _config.Pretraining)));

    private TrainingConfig OnDevice(TrainingConfig config) =>
        _config.Device is { } device ? config with { Model = config.Model with { Device = device } } : config;

    private RunFolder PretrainingFolder => new(Path.Combine(_folder, "pretraining"));

    /// <summary>Every combination of the settings to choose, with the first seed.</summary>
    private ExperimentRun[] TuningRuns() =>
        [.. from variant in _config.Variants from choice in Choices(variant) select Plan(variant, choice, _config.Seeds[0])];

    /// <summary>The best combination on the development set, for each variant whose runs are all there.</summary>
    private Dictionary<string, IReadOnlyList<string>> Chosen(IReadOnlyList<RunResult> tuned) =>
        (
            from variant in _config.Variants
            let results = tuned.Where(result => result.Variant == variant.Name).ToArray()
            where results.Length == Choices(variant).Count()
            select KeyValuePair.Create(variant.Name, results.MaxBy(result => result.DevelopmentAverage)!.Choice)
        ).ToDictionary(StringComparer.Ordinal);

    /// <summary>Each variant whose settings are chosen, with every seed.</summary>
    private ExperimentRun[] FinalRuns(Dictionary<string, IReadOnlyList<string>> chosen) =>
        [
            .. from variant in _config.Variants
            where chosen.ContainsKey(variant.Name)
            from seed in _config.Seeds
            select Plan(variant, chosen[variant.Name], seed),
        ];

    private RunFolder FolderOf(string name) => new(Path.Combine(_folder, "runs", name));

    private static RunResult? Finished(ExperimentRun run) => File.Exists(ResultOf(run)) ? Read<RunResult>(ResultOf(run)) : null;

    private static string ResultOf(ExperimentRun run) => Path.Combine(run.Folder.Root, "result.json");

    private string ScoresOf(ExperimentRun run, MeasurementSettings measurement) =>
        Path.Combine(
            run.Folder.Root,
            string.Create(
                CultureInfo.InvariantCulture,
                $"test-{measurement.Queries.ToString().ToLowerInvariant()}-{_config.Test.Seed}-{_config.Test.Queries}{TestedDatasets}.json"
            )
        );

    /// <summary>The datasets of the test, in the name of a file; nothing for those of the benchmark.</summary>
    private string TestedDatasets =>
        _config.Test.Datasets.Length == 0 ? "" : "-" + string.Join('+', ShapeWorldDatasets.Choose(_config.Test.Datasets));

    /// <summary>Trains the model that every variant starts with.</summary>
    private async Task PretrainAsync(CancellationToken cancellationToken)
    {
        var (config, folder) = (ReadPretraining(), PretrainingFolder);
        if (!Directory.Exists(folder.Model))
            await new Trainer(config, folder, Steps(new Stage("pretraining", 1), config.Name)).RunAsync(resume: true, cancellationToken);
    }

    /// <summary>Every combination of the values to try; one empty one where nothing is tuned.</summary>
    private static IEnumerable<IReadOnlyList<string>> Choices(VariantSettings variant) =>
        variant.Tune.Aggregate(
            (IEnumerable<IReadOnlyList<string>>)
                [
                    [],
                ],
            (choices, setting) =>
                choices.SelectMany(choice => setting.Value.Select(value => (IReadOnlyList<string>)[.. choice, $"{setting.Key}={value}"]))
        );

    private ExperimentRun Plan(VariantSettings variant, IReadOnlyList<string> choice, long seed)
    {
        var earlier = variant.After is { } after ? Plan(_config.Variant(after), [], seed) : null;
        string[] settings =
        [
            .. variant.Set.Select(pair => $"{pair.Key}={pair.Value}"),
            .. choice,
            $"seed={seed.ToString(CultureInfo.InvariantCulture)}",
        ];
        var config = ConfigFile.Read<TrainingConfig>(Path.Combine(_configFolder, variant.Config), settings);
        config = config with
        {
            Name = variant.Name,
            Threads = config.Threads == 0 ? _config.Threads : config.Threads,
            Model = OnDevice(config).Model with { Checkpoint = (earlier?.Folder ?? PretrainingFolder).Model, Shape = null },
        };
        return new ExperimentRun(variant, choice, config, FolderOf(RunResult.NameOf(variant.Name, choice, seed)), earlier);
    }

    private async Task<RunResult[]> TrainAsync(string name, ExperimentRun[] runs, int jobs, CancellationToken cancellationToken)
    {
        var results = new RunResult[runs.Length];
        var stage = new Stage(name, runs.Length);
        await InParallelAsync(
            runs.Length,
            jobs,
            async (i, stop) =>
            {
                results[i] = await ResultAsync(runs[i], stage, stop);
                _progress?.Report(
                    stage.Finish(
                        results[i].Name,
                        $"{results[i].Name}: development hit@1 {results[i].DevelopmentAverage:P1} after {results[i].Seconds:0} s"
                    )
                );
            },
            cancellationToken
        );
        return results;
    }

    /// <summary>
    /// The outcome of a run, trained first where needed, after the run it starts with. Callers wait for a run that is being trained.
    /// </summary>
    private Task<RunResult> ResultAsync(ExperimentRun run, Stage stage, CancellationToken cancellationToken) =>
        _results
            .GetOrAdd(run.Name, name => new(async () =>
                {
                    if (Finished(run) is { } finished)
                        return finished;
                    var earlier = run.Earlier is null ? null : await ResultAsync(run.Earlier, stage, cancellationToken);
                    var outcome = await new Trainer(run.Config, run.Folder, Steps(stage, name)).RunAsync(resume: true, cancellationToken);
                    var result = Describe(run, outcome, earlier);
                    AtomicFile.WriteText(ResultOf(run), JsonSerializer.Serialize(result, Json));
                    return result;
                }))
            .Value;

    private static RunResult Describe(ExperimentRun run, TrainingOutcome outcome, RunResult? earlier) =>
        new()
        {
            Variant = run.Variant.Name,
            Seed = run.Config.Seed,
            Choice = run.Choice,
            EarlierSteps = earlier?.Steps ?? 0,
            EarlierSeconds = earlier?.Seconds ?? 0,
            Steps = outcome.State.Step + (earlier?.Steps ?? 0),
            Seconds = outcome.State.TrainingSeconds + (earlier?.Seconds ?? 0),
            Queries = outcome.State.Queries + (earlier?.Queries ?? 0),
            GeneratedTokens = outcome.State.GeneratedTokens + (earlier?.GeneratedTokens ?? 0),
            // From the log: a run that was stopped after its last step has measured itself, though not in this process.
            Development = DevelopmentScore.LastIn(RunLog.Read(run.Folder.Log))?.Scores
                ?? throw new TrainingException(
                    $"{run.Folder.Log} has no score on the development set: delete {run.Folder.Root} to train the run again."
                ),
        };

    private async Task TestAsync(ExperimentRun[] runs, RunResult[] results, int jobs, CancellationToken cancellationToken)
    {
        var work = _config
            .Measurements.SelectMany(measurement =>
                runs.Zip(results)
                    .Where(pair => pair.First.Variant.Name == measurement.Variant)
                    .Select(pair => (Measurement: measurement, Run: pair.First, Result: pair.Second))
            )
            .ToArray();
        var datasets = new Lazy<IReadOnlyList<EvaluationDataset>>(() =>
            ShapeWorldEvaluation.Create(WorldSplit.Test, (ulong)_config.Test.Seed, _config.Test.Queries, _config.Test.Datasets)
        );
        var stage = new Stage("testing", work.Length);
        await InParallelAsync(
            work.Length,
            jobs,
            async (i, stop) =>
            {
                var (measurement, run, result) = work[i];
                var path = ScoresOf(run, measurement);
                if (!File.Exists(path))
                {
                    var scores = await EvaluateAsync(run, measurement, datasets.Value, stop);
                    AtomicFile.WriteText(path, scores.ToJsonString(Json));
                }
                _progress?.Report(
                    stage.Finish(
                        $"{measurement.Name}, seed {result.Seed}",
                        $"{measurement.Name}, seed {result.Seed}: hit@1 {ScoreJson.Average(Read<JsonObject>(path)):P1}"
                    )
                );
            },
            cancellationToken
        );
    }

    private static async Task<JsonObject> EvaluateAsync(
        ExperimentRun run,
        MeasurementSettings measurement,
        IReadOnlyList<EvaluationDataset> datasets,
        CancellationToken cancellationToken
    )
    {
        using var embedder = ReasoningEmbedder.Load(
            run.Folder.Model,
            new ReasoningEmbedderOptions
            {
                Model = new QwenVlModelOptions { Device = TrainableModel.Device(run.Config.Model) },
                Generation = TrainableModel.Generation(run.Config.Objective, QwenVlProcessor.Load(run.Folder.Model)),
            }
        );
        var evaluator = new Evaluator(embedder);
        if (measurement.Queries != QueryRationale.Auto)
            return ScoreJson.Create(await evaluator.RunAsync(datasets, measurement.Queries, cancellationToken: cancellationToken));
        var curve = new GateCurve(
            await evaluator.RunAsync(datasets, QueryRationale.Written, cancellationToken: cancellationToken),
            await evaluator.RunAsync(datasets, QueryRationale.None, cancellationToken: cancellationToken)
        );
        return ScoreJson.Create(curve.At(embedder.Generation.DirectThreshold!.Value), curve);
    }

    /// <exception cref="TrainingException">The file cannot be read, or is not what an experiment writes there.</exception>
    private static T Read<T>(string path)
    {
        try
        {
            return JsonSerializer.Deserialize<T>(FileReader.ReadText(path), Json) ?? throw new JsonException("It is null.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new TrainingException($"{path} cannot be read: {FileProblem.Of(path, e)}.", e);
        }
        // A name with a lone surrogate ends in an InvalidOperationException, one that is there twice may end in an ArgumentException.
        catch (Exception e) when (e is JsonException or InvalidOperationException or ArgumentException)
        {
            throw new TrainingException(
                $"{path} is damaged, expected what 'rge experiment' writes there: delete it, and the experiment makes it again.",
                e
            );
        }
    }

    /// <summary>Does things side by side. The first error stops the others and is thrown when they have ended.</summary>
    private static async Task InParallelAsync(
        int count,
        int jobs,
        Func<int, CancellationToken, Task> work,
        CancellationToken cancellationToken
    )
    {
        var (next, errors) = (-1, new ConcurrentQueue<Exception>());
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await Task.WhenAll(Enumerable.Range(0, Math.Min(jobs, count)).Select(_ => Task.Run(WorkAsync, CancellationToken.None)));
        cancellationToken.ThrowIfCancellationRequested();
        if (errors.TryDequeue(out var error))
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(error);

        async Task WorkAsync()
        {
            for (int i; errors.IsEmpty && (i = Interlocked.Increment(ref next)) < count; )
            {
                try
                {
                    await work(i, stop.Token);
                }
                catch (Exception e)
                {
                    errors.Enqueue(e);
                    await stop.CancelAsync();
                }
            }
        }
    }

    private Relay<TrainingProgress>? Steps(Stage stage, string run) =>
        _progress is null
            ? null
            : new Relay<TrainingProgress>(value =>
                _progress.Report(
                    stage.Advance(
                        run,
                        (double)value.Step / value.Steps,
                        value.Remark is null ? null : $"{run}: {value.Remark}",
                        $"{run}: {value.Phase}, step {value.Step} of {value.Steps}"
                    )
                )
            );

    /// <summary>Counts what of a stage is done, the started parts of runs too. Thread-safe.</summary>
    private sealed class Stage(string name, int total)
    {
        private readonly ConcurrentDictionary<string, double> _started = new(StringComparer.Ordinal);
        private int _done;

        public ExperimentProgress Advance(string run, double share, string? remark, string now)
        {
            _started[run] = share;
            return Now(remark, now);
        }

        public ExperimentProgress Finish(string run, string remark)
        {
            _started.TryRemove(run, out _);
            Interlocked.Increment(ref _done);
            return Now(remark, remark);
        }

        private ExperimentProgress Now(string? remark, string now) =>
            new(name, Volatile.Read(ref _done), total, Math.Min(total, Volatile.Read(ref _done) + _started.Values.Sum()), now, remark);
    }
}
