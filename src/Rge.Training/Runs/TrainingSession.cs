using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Rge.Data;
using Rge.Evaluation;
using Rge.Files;
using Rge.Models;
using Rge.Models.Checkpoints;
using Rge.Training.Batches;
using Rge.Training.Optimization;
using Rge.Training.Reports;
using Rge.Training.RunFiles;
using Rge.Training.Settings;
using Rge.Training.Tasks;
using static TorchSharp.torch;

namespace Rge.Training.Runs;

/// <summary>
/// The state of a run: model, optimizer, tasks. Takes the steps: gradients of a task, clipping, the rate of the schedule, the optimizer.
/// Used from one thread, but for <see cref="Prepare"/>.
/// </summary>
internal sealed class TrainingSession : IDisposable
{
    private const string OptimizerFile = "optimizer.safetensors";

    private readonly TrainingConfig _config;
    private readonly RunFolder _folder;
    private readonly TrainableModel _model;
    private readonly OrderedDictionary<string, ITrainingTask> _tasks = [];
    private readonly TrainedParameter[] _extra;
    private readonly TrainedParameter[] _trained;
    private readonly AdamW _optimizer;
    private readonly GenerationOptions _generation;
    private readonly Lazy<IReadOnlyList<EvaluationDataset>> _development;

    /// <param name="config">The settings.</param>
    /// <param name="folder">The run's folder.</param>
    /// <param name="checkpoint">The checkpoint to resume from; null for a new run.</param>
    /// <param name="data">Training and development data.</param>
    /// <param name="tasks">The tasks that phases can name.</param>
    public TrainingSession(TrainingConfig config, RunFolder folder, string? checkpoint, TrainingData data, TrainingTasks tasks)
    {
        (_config, _folder) = (config, folder);
        _model = TrainableModel.Load(
            config.Model,
            StartingPoint.Resolve(config, folder),
            checkpoint,
            config.Seed,
            config.Data.ImageOptions,
            TrainableModel.Preset(config.Objective)
        );
        try
        {
            var (prompts, processor, samples) = (_model.Prompts, _model.Processor, data.Source(_model.Processor));
            _generation = TrainableModel.Generation(config.Objective, processor);
            var endOfTurn = processor.Tokenizer.SpecialTokens.GetValueOrDefault("<|im_end|>", prompts.EmbTokenId);
            Func<TrainingSample, TrainingSample?>? after = config.Data.OnError == FailureAction.Skip ? samples.After : null;
            var encoder = new BatchEncoder(prompts, processor, endOfTurn, config.Data.HardNegatives, after);
            _tasks = tasks.Create(
                new TrainingTaskContext(config, _model.Model, processor, prompts, samples, encoder, _generation, LoadStart)
            );

            _extra = [.. _tasks.Values.SelectMany(task => task.ExtraParameters)];
            foreach (var parameter in _extra)
                parameter.Tensor.requires_grad_(true);
            _trained = [.. _model.Trained(config.Model, config.Optimizer), .. _extra];
            _optimizer = new AdamW(_trained, config.Optimizer.Beta1, config.Optimizer.Beta2, config.Optimizer.Epsilon);
            _development = new(data.MeasuredWith);
            State = checkpoint is null ? new RunState() : RunFolder.ReadState(checkpoint);
            if (checkpoint is not null)
                Restore(Path.Combine(checkpoint, OptimizerFile));
        }
        catch
        {
            Dispose();
            throw;
        }

        QwenVlModel LoadStart() => TrainableModel.LoadFrozen(config.Model, _model.Start);
    }

    /// <summary>The state of the run.</summary>
    public RunState State { get; private set; }

    /// <summary>Number of trained values.</summary>
    public long TrainedParameters => _trained.Sum(parameter => parameter.Tensor.numel());

    /// <summary>Prepares a step's input. Thread-safe.</summary>
    public StepInput Prepare(long step) => TaskOf(_config.At((int)step).Phase).Prepare(step);

    /// <summary>Runs one step.</summary>
    /// <returns>The entry of the log.</returns>
    /// <exception cref="TrainingException">The loss or a gradient is not a number.</exception>
    public async Task<JsonObject> StepAsync(PhaseSettings phase, int step, StepInput input, CancellationToken cancellationToken)
    {
        var watch = Stopwatch.StartNew();
        var entry = new JsonObject { ["step"] = State.Step + 1, ["phase"] = phase.Name };
        if (input.Skipped is { Count: > 0 } skipped)
            entry["skipped"] = new JsonArray([
                .. skipped.Select(row => (JsonNode)new JsonObject { ["row"] = row.Source, ["problem"] = row.Problem }),
            ]);
        var report = await TaskOf(phase).BackwardAsync(input, phase, cancellationToken);
        entry["loss"] = report.Loss;
        foreach (var (name, value) in report.Measures)
            entry[name] = value;
        var norm = GradientNorm.Clip(_trained.Select(parameter => parameter.Tensor), _config.Optimizer.ClipNorm);
        RequireFinite(entry, norm, input);
        var rate = phase.RateAt(step);
        _optimizer.Step(rate);
        var seconds = watch.Elapsed.TotalSeconds;
        (entry["gradient_norm"], entry["learning_rate"], entry["seconds"]) = (norm, rate, seconds);
        State = State with
        {
            Step = State.Step + 1,
            TrainingSeconds = State.TrainingSeconds + seconds,
            Queries = State.Queries + report.Queries,
            Tokens = State.Tokens + report.Tokens,
            GeneratedTokens = State.GeneratedTokens + report.GeneratedTokens,
        };
        return entry;
    }

    /// <summary>
    /// Measures the model on the development set, as its objective uses it: with a self rationale where queries write one.
    /// </summary>
    public async Task<EvaluationOutcome> EvaluateAsync(CancellationToken cancellationToken)
    {
        using var embedder = new ReasoningEmbedder(
            _model.Model,
            _model.Processor,
            new ReasoningEmbedderOptions { Generation = _generation, Preset = _model.Prompts.Preset }
        );
        var queries = _config.Objective.Rationale switch
        {
            RationaleSource.None => QueryRationale.None,
            RationaleSource.Shuffled => QueryRationale.Shuffled,
            RationaleSource.Filler => QueryRationale.Filler,
            _ => QueryRationale.Written,
        };
        var evaluator = new Evaluator(embedder);
        return await Task.Run(
            () => evaluator.RunAsync(_development.Value, queries, cancellationToken: cancellationToken),
            cancellationToken
        );
    }

    /// <summary>Writes everything that resuming the run needs.</summary>
    public void Save(string checkpoint)
    {
        _model.SaveState(checkpoint);
        var extra = _extra.Select(parameter => KeyValuePair.Create(ValueOf(parameter), parameter.Tensor));
        SafetensorsWriter.Write(Path.Combine(checkpoint, OptimizerFile), _optimizer.State().Concat(extra));
    }

    /// <summary>Writes the result with its generation settings.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="scores">The last measurement on the development set; null for none.</param>
    public void SaveModel(string folder, JsonObject? scores)
    {
        _model.Save(folder);
        _generation.Save(folder, _model.Prompts.EmbTokenId);
        AtomicFile.WriteText(Path.Combine(folder, ModelCard.FileName), new ModelCard(_config, State, scores, _model.Start).ToMarkdown());
    }

    private ITrainingTask TaskOf(PhaseSettings phase) => _tasks[phase.Task];

    /// <summary>Reads the state of the optimizer. Extra parameters of a task that only later phases have begin as new.</summary>
    private void Restore(string path)
    {
        using var file = SafetensorsFile.Open(path);
        using var gradients = no_grad();
        var stored = file.Names.ToHashSet(StringComparer.Ordinal);
        var added = _extra
            .Where(parameter => !stored.Contains(ValueOf(parameter)))
            .Select(parameter => parameter.Name)
            .ToHashSet(StringComparer.Ordinal);
        _optimizer.Restore(name => file.Read(name), parameter => !added.Contains(parameter.Name));
        foreach (var parameter in _extra.Where(parameter => !added.Contains(parameter.Name)))
        {
            using var value = file.Read(ValueOf(parameter));
            parameter.Tensor.copy_(value);
        }
    }

    private static string ValueOf(TrainedParameter parameter) => $"value.{parameter.Name}";

    private void RequireFinite(JsonObject entry, double norm, StepInput input)
    {
        if (double.IsFinite(entry["loss"]!.GetValue<double>()) && double.IsFinite(norm))
            return;
        foreach (var key in entry.Select(pair => pair.Key).ToList())
            if (entry[key] is JsonValue value && value.TryGetValue<double>(out var number) && !double.IsFinite(number))
                entry[key] = number.ToString(CultureInfo.InvariantCulture);
        entry["gradient_norm"] = norm.ToString(CultureInfo.InvariantCulture);
        entry["samples"] = new JsonArray([.. input.Sources.Select(source => (JsonNode)source)]);
        var path = Path.Combine(_folder.Root, "not-finite.json");
        AtomicFile.WriteJson(path, entry);
        throw new TrainingException(
            $"Step {State.Step + 1}: the loss is {entry["loss"]} and the gradient norm {norm}; {path} lists the batch. Expected finite "
                + "numbers: a lower learning rate, a longer warm-up or float32 may help."
        );
    }

    public void Dispose()
    {
        foreach (var task in _tasks.Values)
            task.Dispose();
        // A constructor that fails may not have made it.
        _optimizer?.Dispose();
        _model.Dispose();
    }
}
