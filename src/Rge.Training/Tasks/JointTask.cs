using System.Diagnostics;
using Rge.Evaluation;
using Rge.Models.Tensors;
using Rge.Training.Objective;
using Rge.Training.Optimization;
using Rge.Training.Settings;
using static TorchSharp.torch;

namespace Rge.Training.Tasks;

/// <summary>
/// The joint objective on queries and targets, with rationales that the model writes or samples in the step where the settings say so.
/// </summary>
internal sealed class JointTask : ITrainingTask<NumberedBatch>
{
    public const string Name = "pairs";

    private readonly TrainingTaskContext _context;
    private readonly ObjectiveSettings _settings;
    private readonly Tensor _logScale;
    private readonly JointObjective _objective;
    private readonly Lazy<SelfRationaleWriter> _writer;
    private readonly RationaleSampler _sampler;
    private readonly bool _writesSelf,
        _samples;

    public JointTask(TrainingTaskContext context)
    {
        (_context, _settings) = (context, context.Config.Objective);
        _writesSelf = Needs(RationaleSource.Self, RationaleSource.Shuffled, RationaleSource.Filler);
        _samples = Needs(RationaleSource.Sampled);
        var (model, emb) = (context.Model, context.Prompts.EmbTokenId);
        _logScale = tensor((float)-Math.Log(_settings.Temperature), device: model.Device).DetachFromDisposeScope();
        int? filler = Needs(RationaleSource.Filler) ? RationaleFiller.Token(context.Processor.Tokenizer) : null;
        _objective = new JointObjective(model, emb, _settings, _logScale, context.Config.Model.ActivationCheckpointing, filler);
        _writer = new(() => new SelfRationaleWriter(model, context.Processor, emb, context.Generation, context.Config.Data.Queries));
        var sampling = context.Generation with { Temperature = _settings.Sampling.Temperature, Seed = context.Config.Seed };
        // Only the tokens count here, so <emb> need not be read.
        _sampler = new RationaleSampler(model, emb, sampling, _settings.Sampling.Rationales, endOfTurn: [emb]);
    }

    public IReadOnlyList<TrainedParameter> ExtraParameters =>
        _settings.LearnTemperature ? [new TrainedParameter("log_scale", _logScale, 1, 0)] : [];

    public NumberedBatch Prepare(long step)
    {
        var batch = _context.Batch(step);
        return new NumberedBatch(step, batch) { Skipped = batch.Skipped };
    }

    public async Task<StepReport> BackwardAsync(NumberedBatch input, PhaseSettings phase, CancellationToken cancellationToken)
    {
        var queries = input.Batch.Queries;
        var (lmWeight, embeddingWeight) = (phase.LmWeight ?? _settings.LmWeight, phase.EmbeddingWeight ?? _settings.EmbeddingWeight);
        var measures = new OrderedDictionary<string, double?>(StringComparer.Ordinal);
        int[][]? written = null;
        int[][][]? sampled = null;
        if (embeddingWeight > 0 && (_writesSelf || _samples))
        {
            var watch = Stopwatch.StartNew();
            if (_writesSelf)
                written = await _writer.Value.WriteAsync(queries, cancellationToken);
            if (_samples)
                sampled = await _sampler.WriteAsync(queries, input.Step, cancellationToken);
            // The first of the sampled ones is as good as any.
            var shown = written ?? Array.ConvertAll(sampled!, group => group[0]);
            measures["rationale_tokens"] = (double)shown.Sum(rationale => rationale.Length) / shown.Length;
            measures["conclusion_right"] = _writer.Value.Accuracy(queries, shown);
            measures["generation_seconds"] = watch.Elapsed.TotalSeconds;
        }
        var losses = _objective.Backward(input.Batch, written, lmWeight, embeddingWeight, sampled, cancellationToken);
        var report = losses.ToReport(queries.Count, embeddingWeight > 0);
        foreach (var (name, value) in report.Measures)
            measures[name] = value;
        if (_settings.LearnTemperature)
            measures["temperature"] = Math.Exp(-_logScale.Number());
        var generated = (written ?? []).Concat(sampled?.SelectMany(group => group) ?? []).Sum(rationale => rationale.Length);
        return report with { GeneratedTokens = generated, Measures = measures };
    }

    private bool Needs(params RationaleSource[] sources) => _settings.Views.Any(view => sources.Contains(view.Source));

    public void Dispose()
    {
        if (_writer.IsValueCreated)
            _writer.Value.Dispose();
        _logScale.Dispose();
    }
}
