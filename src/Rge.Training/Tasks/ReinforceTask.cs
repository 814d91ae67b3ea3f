using System.Diagnostics;
using Rge.Models;
using Rge.Models.Tensors;
using Rge.Training.Batches;
using Rge.Training.Objective;
using Rge.Training.Optimization;
using Rge.Training.Settings;
using static TorchSharp.torch;

namespace Rge.Training.Tasks;

/// <summary>
/// Rationales taught by the embedding: the policy gradient of GRPO over sampled rationales, beside the joint objective after some of them.
/// </summary>
internal sealed class ReinforceTask : ITrainingTask<NumberedBatch>
{
    public const string Name = "reinforce";

    private readonly TrainingTaskContext _context;
    private readonly ObjectiveSettings _settings;
    private readonly Tensor _logScale;
    private readonly QwenVlModel? _reference;
    private readonly RationaleSampler _sampler;
    private readonly RationaleReward _reward;
    private readonly PolicyObjective _policy;
    private readonly JointObjective _joint;

    public ReinforceTask(TrainingTaskContext context)
    {
        (_context, _settings) = (context, context.Config.Objective);
        var (model, emb, own) = (context.Model, context.Prompts.EmbTokenId, _settings.Reinforce);
        var checkpointing = context.Config.Model.ActivationCheckpointing;
        var generation = context.Generation with { Temperature = own.Temperature, Seed = context.Config.Seed };
        _sampler = new RationaleSampler(model, emb, generation, own.Rationales, context.Prompts.EndOfTurn);
        _reward = new RationaleReward(own, context.Processor.Tokenizer, emb);
        _reference = own.Kl > 0 ? context.LoadStart() : null;
        _policy = new PolicyObjective(model, _reference, _settings, generation, checkpointing);
        _logScale = tensor((float)-Math.Log(_settings.Temperature), device: model.Device).DetachFromDisposeScope();
        _joint = new JointObjective(model, emb, _settings, _logScale, checkpointing);
    }

    public IReadOnlyList<TrainedParameter> ExtraParameters =>
        _settings.LearnTemperature ? [new TrainedParameter("reinforce.log_scale", _logScale, 1, 0)] : [];

    /// <summary>Checks what a phase of it needs.</summary>
    /// <exception cref="TrainingException">Queries are not embedded after self rationales, or there is no model to stay near.</exception>
    public static void Require(TrainingConfig config)
    {
        var objective = config.Objective;
        SettingCheck.That(
            objective.Rationale == RationaleSource.Self,
            "objective.rationale",
            objective.Rationale.ToString().ToLowerInvariant(),
            $"self, because the task {Name} embeds queries after rationales that the model writes"
        );
        SettingCheck.That(
            objective.Also.Sampled == 0,
            "objective.also.sampled",
            objective.Also.Sampled,
            $"0, because the task {Name} samples the rationales itself (objective.reinforce.contrast)"
        );
        SettingCheck.That(
            !objective.Gate.IsOn,
            "objective.gate.weight",
            objective.Gate.Weight,
            $"0, because the task {Name} samples the first token like all others and so teaches the choice itself"
        );
        SettingCheck.That(
            objective.Reinforce.Kl == 0 || config.Model.Checkpoint is not null,
            "objective.reinforce.kl",
            objective.Reinforce.Kl,
            "0, because the run starts with random weights, which no model should stay near; model.checkpoint names others"
        );
    }

    public NumberedBatch Prepare(long step)
    {
        var batch = _context.Batch(step);
        if (batch.Pairs is null)
            throw new TrainingException($"{batch.Sources[0]} has no target, and the task {Name} needs one to reward rationales.");
        return new NumberedBatch(step, batch) { Skipped = batch.Skipped };
    }

    public async Task<StepReport> BackwardAsync(NumberedBatch input, PhaseSettings phase, CancellationToken cancellationToken)
    {
        var watch = Stopwatch.StartNew();
        var sampled = await _sampler.SampleAsync(input.Batch, input.Step, cancellationToken);
        var seconds = watch.Elapsed.TotalSeconds;
        var groups = _reward.Rate(input.Batch, sampled);
        Rollout[] rollouts = [.. input.Batch.Queries.Zip(groups, Rollouts).SelectMany(group => group)];
        var policy = _policy.Backward(rollouts, cancellationToken);
        var joint = BackwardJoint(input.Batch, sampled, phase, cancellationToken);

        var measures = Measures(groups, policy);
        measures["generation_seconds"] = seconds;
        foreach (var (name, value) in joint.Measures)
            measures[name] = value;
        return joint with
        {
            Loss = policy.Loss + joint.Loss,
            Queries = input.Batch.Queries.Count,
            Tokens = policy.Tokens + joint.Tokens,
            GeneratedTokens = rollouts.Sum(rollout => rollout.Tokens.Length),
            Measures = measures,
        };
    }

    public void Dispose()
    {
        _reference?.Dispose();
        _logScale.Dispose();
    }

    private IEnumerable<Rollout> Rollouts(EncodedQuery query, RatedRationale[] group) =>
        group.Zip(
            GroupAdvantages.Of([.. group.Select(rationale => rationale.Reward)], _settings.Reinforce.NormalizeStd),
            (rationale, advantage) => new Rollout(query, rationale.Written.RationaleIds, rationale.Written.LogProbabilities, advantage)
        );

    /// <summary>Next-token loss on oracle rationales and InfoNCE after sampled ones, as far as the phase has them.</summary>
    private StepReport BackwardJoint(TrainingBatch batch, SampledBatch sampled, PhaseSettings phase, CancellationToken cancellationToken)
    {
        var contrast = _settings.Reinforce.Contrast;
        var lmWeight = phase.LmWeight ?? _settings.LmWeight;
        var embeddingWeight = contrast == RationaleContrast.None ? 0 : phase.EmbeddingWeight ?? _settings.EmbeddingWeight;
        if (embeddingWeight == 0 && (lmWeight == 0 || batch.Queries.All(query => query.Rationale.Length == 0)))
            return new StepReport { Loss = 0 };
        var taken = contrast == RationaleContrast.All ? _settings.Reinforce.Rationales : 1;
        int[][] rationales =
        [
            .. sampled.Rationales.SelectMany(group => group.Take(taken)).Select(written => WithoutEmb(written.RationaleIds)),
        ];
        var losses = _joint.Backward(Repeat(batch, taken), rationales, lmWeight, embeddingWeight, cancellationToken: cancellationToken);
        var report = losses.ToReport(batch.Queries.Count, embeddingWeight > 0);
        if (embeddingWeight == 0 || !_settings.LearnTemperature)
            return report;
        return report with
        {
            Measures = new OrderedDictionary<string, double?>(report.Measures, StringComparer.Ordinal)
            {
                ["temperature"] = Math.Exp(-_logScale.Number()),
            },
        };
    }

    private int[] WithoutEmb(int[] tokens) => [.. tokens.Where(token => token != _context.Prompts.EmbTokenId)];

    /// <summary>A batch that has each query several times, one after the other.</summary>
    private static TrainingBatch Repeat(TrainingBatch batch, int times) =>
        times == 1
            ? batch
            : batch with
            {
                Queries = [.. batch.Queries.SelectMany(query => Enumerable.Repeat(query, times))],
                Pairs = batch.Pairs!.Repeat(times),
            };

    private OrderedDictionary<string, double?> Measures(IReadOnlyList<RatedRationale[]> groups, PolicyTerms policy)
    {
        RatedRationale[] all = [.. groups.SelectMany(group => group)];
        double[][] rewards = [.. groups.Select(group => group.Select(rationale => rationale.Reward).ToArray())];
        var measures = new OrderedDictionary<string, double?>(StringComparer.Ordinal)
        {
            ["policy_loss"] = policy.Loss,
            ["reward"] = all.Average(rationale => rationale.Reward),
            ["reward_std"] = rewards.Average(GroupAdvantages.StandardDeviation),
            ["equal_groups"] = rewards.Average(group => GroupAdvantages.AreEqual(group) ? 1.0 : 0),
            ["reciprocal_rank"] = all.Average(rationale => rationale.Standing.ReciprocalRank),
            ["ended"] = all.Average(rationale => rationale.IsFormatted ? 1.0 : 0),
            ["clip_share"] = policy.ClipShare,
            ["rationale_tokens"] = all.Average(rationale => WithoutEmb(rationale.Written.RationaleIds).Length),
            ["conclusion_right"] = all.Average(rationale => Number(rationale.IsRight)),
        };
        if (policy.Divergence is { } divergence)
            measures["kl"] = divergence;
        return measures;
    }

    private static double? Number(bool? holds) =>
        holds switch
        {
            true => 1,
            false => 0,
            null => null,
        };
}
