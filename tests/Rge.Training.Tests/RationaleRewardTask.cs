using Rge.Data;
using Rge.Models.Tensors;
using Rge.Training.Batches;
using Rge.Training.Objective;
using Rge.Training.Settings;
using Rge.Training.Tasks;
using static TorchSharp.torch;

namespace Rge.Training.Tests;

/// <summary>
/// Group-relative policy gradient (GRPO with one update a batch, so that no ratio is clipped): several sampled rationales a query, rewarded
/// where they conclude as the oracle does.
/// </summary>
public sealed class RationaleRewardTask(TrainingTaskContext context) : ITrainingTask<RationaleRewardTask.Input>
{
    public const string Name = "rationale_reward";

    private const int RationalesPerQuery = 4;

    private readonly DecodingEngine _decoder = new(context.Model, context.Prompts.EmbTokenId);

    /// <summary>Queries, with the number of the step: it seeds what is sampled, so that a resumed run samples the same.</summary>
    public sealed record Input(long Step, TrainingBatch Batch) : StepInput
    {
        public override IReadOnlyList<string> Sources => Batch.Sources;
    }

    public Input Prepare(long step)
    {
        var batch = context.Batch(step);
        return new Input(step, batch) { Skipped = batch.Skipped };
    }

    public async Task<StepReport> BackwardAsync(Input input, PhaseSettings phase, CancellationToken cancellationToken)
    {
        EncodedQuery[] queries = [.. input.Batch.Queries.SelectMany(query => Enumerable.Repeat(query, RationalesPerQuery))];
        var requests = queries.Select((query, i) => new DecodeRequest(query.Prompt, query.Images)
        {
            Generation = context.Generation with { Temperature = 1, Seed = (int)(input.Step * queries.Length + i) },
        });
        var written = await _decoder.DecodeAsync([.. requests], cancellationToken);
        var rewards = queries.Zip(written, Reward).ToArray();
        var advantages = rewards.Chunk(RationalesPerQuery).SelectMany(group => group.Select(reward => reward - group.Average())).ToArray();

        // Log-probabilities of the sampled tokens, in one pass that computes the prompt of a query once.
        TrainedSequence[] sequences = [.. queries.Zip(written, (query, rationale) =>
            new TrainedSequence([.. query.Prompt, .. rationale.RationaleIds], query.Images) { Predicted = rationale.RationaleIds.Length })];
        using var scope = NewDisposeScope();
        using var pass = new SequencePass(context.Model, sequences, context.Config.Model.ActivationCheckpointing);
        float[] weights = [.. sequences.Zip(advantages).SelectMany(one => Enumerable.Repeat((float)one.Second, one.First.Predicted))];
        var loss = (pass.LogProbabilities() * tensor(weights, device: context.Model.Device)).sum().Times(-1.0 / weights.Length);
        loss.backward();
        return new StepReport
        {
            Loss = loss.Number(),
            Queries = input.Batch.Queries.Count,
            Tokens = sequences.Sum(sequence => sequence.Tokens.Length),
            GeneratedTokens = weights.Length,
            Measures = new OrderedDictionary<string, double?>(StringComparer.Ordinal) { ["reward"] = rewards.Average() },
        };
    }

    public void Dispose() => _decoder.Dispose();

    private double Reward(EncodedQuery query, DecodedSequence written)
    {
        var emb = context.Prompts.EmbTokenId;
        var rationale = context.Processor.Tokenizer.Decode([.. written.RationaleIds.Where(token => token != emb)]);
        var isRight = Rationales.ConcludesRightly(rationale, query.Sample.Rationale) == true;
        return (isRight ? 1 : 0) + (written.RationaleIds[^1] == emb ? 0.1 : 0);
    }
}
