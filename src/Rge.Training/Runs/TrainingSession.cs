using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Rge.Data;
using Rge.Evaluation;
using Rge.Files;
using Rge.Models.Checkpoints;
using Rge.Models.Tensors;
using Rge.Training.Batches;
using Rge.Training.Objective;
using Rge.Training.Optimization;
using Rge.Training.Reports;
using Rge.Training.Settings;
using static TorchSharp.torch;

namespace Rge.Training.Runs;

/// <summary>What a run holds while it runs: model, optimizer, objectives, data. Used from one thread, but for <see cref="Batch"/>.</summary>
internal sealed class TrainingSession : IDisposable
{
    private const string OptimizerFile = "optimizer.safetensors";

    private readonly TrainingConfig _config;
    private readonly RunFolder _folder;
    private readonly Trainee _trainee;
    private readonly BatchEncoder _encoder;
    private readonly ISampleSource _pairs;
    private readonly ShapeWorldSource? _world;
    private readonly Tensor _logScale;
    private readonly JointObjective _joint;
    private readonly CellObjective? _cells;
    private readonly TrainedParameter[] _extra;
    private readonly TrainedParameter[] _trained;
    private readonly AdamW _optimizer;
    private readonly GenerationOptions _generation;
    private readonly Lazy<OwnRationales> _own;
    private readonly Lazy<IReadOnlyList<EvaluationDataset>> _development;

    /// <param name="config">The settings.</param>
    /// <param name="folder">The run's folder.</param>
    /// <param name="checkpoint">The checkpoint to go on from; null to begin.</param>
    /// <param name="data">What to learn from and to measure with.</param>
    public TrainingSession(TrainingConfig config, RunFolder folder, string? checkpoint, TrainingData data)
    {
        (_config, _folder) = (config, folder);
        _trainee = Trainee.Load(config.Model, StartingPoint.Of(config, folder), checkpoint, config.Seed);
        var (model, prompts, processor) = (_trainee.Model, _trainee.Prompts, _trainee.Processor);
        var endOfTurn = processor.Tokenizer.SpecialTokens.GetValueOrDefault("<|im_end|>", prompts.EmbTokenId);
        _pairs = data.Samples is { } samples ? samples : _world = new ShapeWorldSource(config.Data, config.Seed, processor);
        _encoder = new BatchEncoder(prompts, processor, endOfTurn, config.Data.HardNegatives, config.Data.OnError == FailureAction.Skip ? _pairs.After : null);

        _logScale = tensor((float)-Math.Log(config.Objective.Temperature), device: model.Device).DetachFromDisposeScope();
        _joint = new JointObjective(model, prompts.EmbTokenId, config.Objective, _logScale, config.Model.ActivationCheckpointing);
        if (config.Phases.Any(phase => phase.Task == TrainingTask.Cells)) _cells = new CellObjective(model, ShapeWorldSource.CellClasses, config.Seed);
        _extra = [.. Extra()];
        _trained = [.. _trainee.Trained(config.Model, config.Optimizer), .. _extra];
        _optimizer = new AdamW(_trained, config.Optimizer.Beta1, config.Optimizer.Beta2, config.Optimizer.Epsilon);
        _generation = Trainee.Generation(config.Objective, processor);
        _own = new(() => new OwnRationales(model, processor, prompts.EmbTokenId, _generation, config.Data.Queries));
        _development = new(() => data.Development ?? ShapeWorldSource.Development(config.Evaluation.Seed, config.Evaluation.Queries));
        State = checkpoint is null ? new RunState() : RunFolder.ReadState(checkpoint);
        if (checkpoint is not null) Restore(Path.Combine(checkpoint, OptimizerFile));

        // What is trained beside the model, and stored with the optimizer.
        IEnumerable<TrainedParameter> Extra()
        {
            if (config.Objective.LearnTemperature) yield return new TrainedParameter("log_scale", _logScale.requires_grad_(true), 1, 0);
            if (_cells is null) yield break;
            yield return new TrainedParameter("cells.weight", _cells.Weight.requires_grad_(true), 1, 0);
            yield return new TrainedParameter("cells.bias", _cells.Bias.requires_grad_(true), 1, 0);
        }
    }

    /// <summary>Where the run stands.</summary>
    public RunState State { get; private set; }

    /// <summary>Numbers that are trained.</summary>
    public long TrainedParameters => _trained.Sum(parameter => parameter.Tensor.numel());

    /// <summary>What there is to learn from.</summary>
    public JsonObject DescribeData() => _world is not null
        ? new JsonObject { ["source"] = "ShapeWorld, drawn without end" }
        : new JsonObject(_pairs.Counts.Select(dataset => KeyValuePair.Create(dataset.Key, (JsonNode?)dataset.Value)));

    /// <summary>Prepares a step's input. Thread-safe.</summary>
    public StepInput Batch(long step) => _config.At((int)step).Phase.Task switch
    {
        TrainingTask.Cells => new StepInput(null, _world!.Cells(step)),
        TrainingTask.Language => new StepInput(_encoder.Encode(_world!.Language(step)), null),
        TrainingTask.Likeness => new StepInput(_encoder.Encode(_world!.Likeness(step)), null),
        _ => new StepInput(Pairs(step), null),
    };

    /// <summary>Learns from one batch.</summary>
    /// <returns>What the log says of it.</returns>
    /// <exception cref="TrainingException">The loss or a gradient is not a number.</exception>
    public JsonObject Step(PhaseSettings phase, int step, StepInput input, CancellationToken cancellationToken)
    {
        var watch = Stopwatch.StartNew();
        var entry = new JsonObject { ["step"] = State.Step + 1, ["phase"] = phase.Name };
        if (input.Pairs is { Skipped: { Count: > 0 } skipped })
            entry["skipped"] = new JsonArray([.. skipped.Select(row => (JsonNode)new JsonObject { ["row"] = row.Source, ["problem"] = row.Problem })]);
        var (queries, tokens, generated) = (0, 0, 0);
        if (input.Cells is { } cells)
        {
            var (loss, accuracy) = _cells!.Backward(cells);
            (entry["loss"], entry["cell_accuracy"]) = (loss, accuracy);
        }
        else
        {
            var batch = input.Pairs!;
            var (lmWeight, embeddingWeight) = phase.Task is TrainingTask.Language or TrainingTask.Likeness
                ? (1, 0)
                : (phase.LmWeight ?? _config.Objective.LmWeight, phase.EmbeddingWeight ?? _config.Objective.EmbeddingWeight);
            int[][]? own = null;
            if (embeddingWeight > 0 && _config.Objective.Rationale == RationaleSource.Self)
            {
                own = _own.Value.Write(batch.Queries, cancellationToken);
                generated = own.Sum(rationale => rationale.Length);
                entry["rationale_tokens"] = (double)generated / own.Length;
                entry["conclusion_right"] = _own.Value.Accuracy(batch.Queries, own);
                entry["generation_seconds"] = watch.Elapsed.TotalSeconds;
            }
            var losses = _joint.Backward(batch, own, lmWeight, embeddingWeight, cancellationToken);
            (queries, tokens) = (batch.Queries.Count, losses.Tokens);
            entry["loss"] = losses.Loss;
            if (losses.LmTokens > 0) (entry["lm_loss"], entry["lm_accuracy"]) = (losses.LmLoss, losses.LmAccuracy);
            if (embeddingWeight > 0) entry["info_nce"] = losses.InfoNce;
            if (_config.Objective.LearnTemperature) entry["temperature"] = Math.Exp(-_logScale.Number());
        }
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
            Queries = State.Queries + queries,
            Tokens = State.Tokens + tokens,
            GeneratedTokens = State.GeneratedTokens + generated,
        };
        return entry;
    }

    /// <summary>Measures the model on the development set, as its objective uses it: with a rationale of its own where queries write one.</summary>
    public EvaluationOutcome Evaluate(CancellationToken cancellationToken)
    {
        using var embedder = new ReasoningEmbedder(_trainee.Model, _trainee.Processor, new ReasoningEmbedderOptions { Generation = _generation });
        var queries = _config.Objective.Rationale == RationaleSource.None ? QueryRationale.None : QueryRationale.Written;
        return new Evaluator(embedder).RunAsync(_development.Value, queries, cancellationToken: cancellationToken).GetAwaiter().GetResult();
    }

    /// <summary>Writes what the run needs to go on.</summary>
    public void Save(string checkpoint)
    {
        _trainee.SaveState(checkpoint);
        var extra = _extra.Select(parameter => KeyValuePair.Create($"value.{parameter.Name}", parameter.Tensor));
        SafetensorsWriter.Write(Path.Combine(checkpoint, OptimizerFile), _optimizer.State().Concat(extra));
    }

    /// <summary>Writes the result, which generates elsewhere as it did here.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="scores">The last measurement on the development set; null for none.</param>
    public void SaveModel(string folder, JsonObject? scores)
    {
        _trainee.Save(folder);
        _generation.Save(folder, _trainee.Prompts.EmbTokenId);
        AtomicFile.WriteText(Path.Combine(folder, ModelCard.FileName), new ModelCard(_config, State, scores, _trainee.Start).ToMarkdown());
    }

    private TrainingBatch Pairs(long step)
    {
        try
        {
            return _encoder.Encode(_pairs.Samples(step));
        }
        catch (TrainingException e) when (_config.Data is { Folder: not null, OnError: FailureAction.Fail } && e.InnerException is RgeException)
        {
            throw new TrainingException($"{e.Message} With data.on_error: skip, --resume goes on without such rows.", e);
        }
    }

    private void Restore(string path)
    {
        using var file = SafetensorsFile.Open(path);
        using var gradients = no_grad();
        _optimizer.Restore(name => file.Read(name));
        foreach (var parameter in _extra)
        {
            using var stored = file.Read($"value.{parameter.Name}");
            parameter.Tensor.copy_(stored);
        }
    }

    private void RequireFinite(JsonObject entry, double norm, StepInput input)
    {
        if (double.IsFinite(entry["loss"]!.GetValue<double>()) && double.IsFinite(norm)) return;
        foreach (var key in entry.Select(pair => pair.Key).ToList())
            if (entry[key] is JsonValue value && value.TryGetValue<double>(out var number) && !double.IsFinite(number)) entry[key] = number.ToString(CultureInfo.InvariantCulture);
        entry["gradient_norm"] = norm.ToString(CultureInfo.InvariantCulture);
        entry["samples"] = new JsonArray([.. (input.Pairs?.Queries ?? []).Select(query => (JsonNode)query.Sample.Source)]);
        var path = Path.Combine(_folder.Root, "not-finite.json");
        AtomicFile.WriteJson(path, entry);
        throw new TrainingException($"Step {State.Step + 1}: the loss is {entry["loss"]} and the gradient norm {norm}; {path} lists the batch. Expected finite numbers: a lower learning rate, a longer warm-up or float32 may help.");
    }

    public void Dispose()
    {
        if (_own.IsValueCreated) _own.Value.Dispose();
        _optimizer.Dispose();
        _cells?.Dispose();
        _logScale.Dispose();
        _trainee.Dispose();
    }
}
