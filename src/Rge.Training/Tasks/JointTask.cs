using System.Diagnostics;
using Rge.Models.Tensors;
using Rge.Training.Batches;
using Rge.Training.Objective;
using Rge.Training.Optimization;
using Rge.Training.Settings;
using static TorchSharp.torch;

namespace Rge.Training.Tasks;

/// <summary>
/// The joint objective on queries and targets, with rationales that the model writes in the step where the settings say so.
/// </summary>
internal sealed class JointTask : ITrainingTask<TrainingBatch>
{
    public const string Name = "pairs";

    private readonly TrainingTaskContext _context;
    private readonly ObjectiveSettings _settings;
    private readonly Tensor _logScale;
    private readonly JointObjective _objective;
    private readonly Lazy<SelfRationaleWriter> _writer;

    public JointTask(TrainingTaskContext context)
    {
        (_context, _settings) = (context, context.Config.Objective);
        var (model, emb) = (context.Model, context.Prompts.EmbTokenId);
        _logScale = tensor((float)-Math.Log(_settings.Temperature), device: model.Device).DetachFromDisposeScope();
        _objective = new JointObjective(model, emb, _settings, _logScale, context.Config.Model.ActivationCheckpointing);
        _writer = new(() => new SelfRationaleWriter(model, context.Processor, emb, context.Generation, context.Config.Data.Queries));
    }

    public IReadOnlyList<TrainedParameter> ExtraParameters =>
        _settings.LearnTemperature ? [new TrainedParameter("log_scale", _logScale, 1, 0)] : [];

    public TrainingBatch Prepare(long step) => _context.Batch(step);

    public async Task<StepReport> BackwardAsync(TrainingBatch input, PhaseSettings phase, CancellationToken cancellationToken)
    {
        var (lmWeight, embeddingWeight) = (phase.LmWeight ?? _settings.LmWeight, phase.EmbeddingWeight ?? _settings.EmbeddingWeight);
        var measures = new OrderedDictionary<string, double?>(StringComparer.Ordinal);
        int[][]? written = null;
        if (embeddingWeight > 0 && _settings.Views.Any(view => view.Source == RationaleSource.Self))
        {
            var watch = Stopwatch.StartNew();
            written = await _writer.Value.WriteAsync(input.Queries, cancellationToken);
            measures["rationale_tokens"] = (double)written.Sum(rationale => rationale.Length) / written.Length;
            measures["conclusion_right"] = _writer.Value.Accuracy(input.Queries, written);
            measures["generation_seconds"] = watch.Elapsed.TotalSeconds;
        }
        var losses = _objective.Backward(input, written, lmWeight, embeddingWeight, cancellationToken);
        var report = losses.ToReport(input.Queries.Count, embeddingWeight > 0);
        foreach (var (name, value) in report.Measures)
            measures[name] = value;
        if (_settings.LearnTemperature)
            measures["temperature"] = Math.Exp(-_logScale.Number());
        return report with { GeneratedTokens = written?.Sum(rationale => rationale.Length) ?? 0, Measures = measures };
    }

    public void Dispose()
    {
        if (_writer.IsValueCreated)
            _writer.Value.Dispose();
        _logScale.Dispose();
    }
}
