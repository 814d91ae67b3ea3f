using Rge.Models;
using Rge.Models.Tensors;
using Rge.Training.Settings;
using static TorchSharp.torch;

namespace Rge.Training.Objective;

/// <summary>
/// The policy gradient of GRPO over sampled rationales: the clipped surrogate, and the divergence from a reference model. Each token of the
/// step counts alike (DAPO; Yu et al., 2025), whatever the length of its rationale.
/// </summary>
/// <remarks>
/// A rationale is one step's, so that the ratio of probabilities is that of the pass with gradient to the decoder's: 1 but for rounding. It
/// corrects for kernels and number types that differ between both, and clips tokens on which they disagree.
/// Terms of tokens add up: a step of more tokens than fit at once is processed in chunks, with the same gradient.
/// Borrows both models; runs on the calling thread and leaves gradients in the model's parameters.
/// </remarks>
/// <param name="model">The model in training.</param>
/// <param name="reference">The model to stay near; null where the divergence has no weight.</param>
/// <param name="objective">Clipping, weights, tokens of a chunk.</param>
/// <param name="generation">How the rationales were sampled.</param>
/// <param name="activationCheckpointing">Whether activations of decoder layers are computed again in the backward pass.</param>
internal sealed class PolicyObjective(
    QwenVlModel model,
    QwenVlModel? reference,
    ObjectiveSettings objective,
    GenerationOptions generation,
    bool activationCheckpointing = false
)
{
    private readonly ReinforceSettings _settings = objective.Reinforce;

    /// <summary>Computes the loss of rationales and adds its gradient to the parameters'.</summary>
    /// <param name="rollouts">The rationales of a step, those of a query one after the other.</param>
    /// <param name="cancellationToken">Stops between chunks; gradients are then incomplete.</param>
    public PolicyTerms Backward(IReadOnlyList<Rollout> rollouts, CancellationToken cancellationToken = default)
    {
        var (sampled, all) = (rollouts.Sum(rollout => rollout.Tokens.Length), 0);
        var (loss, divergence, clipped) = (0.0, 0.0, 0.0);
        foreach (var chunk in Chunks(rollouts))
        {
            cancellationToken.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            TrainedSequence[] sequences = [.. chunk.Select(Sequence)];
            long[] tokens = [.. chunk.SelectMany(rollout => rollout.Tokens).Select(token => (long)token)];
            Tensor before = tensor(chunk.SelectMany(rollout => rollout.LogProbabilities).ToArray(), device: model.Device),
                advantages = tensor(chunk.SelectMany(Advantages).ToArray(), device: model.Device);
            using var pass = new SequencePass(model, sequences, activationCheckpointing);
            var now = LogProbabilities(pass, tokens);
            var (surrogate, isClipped) = PolicyLoss.Surrogate(now, before, advantages, _settings.Clip, _settings.ClipHigh);
            var sum = surrogate.sum().neg();
            if (reference is not null)
            {
                var away = PolicyLoss.Divergence(now, ReferenceLogProbabilities(sequences, tokens)).sum();
                divergence += away.Number() / sampled;
                sum = sum.Plus(away.Times(_settings.Kl));
            }
            var term = sum.Over(sampled);
            term.backward();
            loss += term.Number();
            clipped += isClipped.sum().Number();
            all += sequences.Sum(sequence => sequence.Tokens.Length);
        }
        return new PolicyTerms(loss, reference is null ? null : divergence, clipped / sampled, all);
    }

    private Tensor ReferenceLogProbabilities(TrainedSequence[] sequences, long[] tokens)
    {
        using var gradients = no_grad();
        using var pass = new SequencePass(reference!, sequences, activationCheckpointing: false);
        return LogProbabilities(pass, tokens);
    }

    private Tensor LogProbabilities(SequencePass pass, long[] tokens) =>
        PolicyLoss.LogProbabilities(pass.PredictedLogits(), tokens, generation.BannedTokens, generation.Temperature);

    private static TrainedSequence Sequence(Rollout rollout) =>
        new([.. rollout.Query.Prompt, .. rollout.Tokens], rollout.Query.Images) { Predicted = rollout.Tokens.Length };

    private static IEnumerable<float> Advantages(Rollout rollout) => Enumerable.Repeat((float)rollout.Advantage, rollout.Tokens.Length);

    /// <summary>Rationales in their order, as many at once as the settings allow.</summary>
    private List<List<Rollout>> Chunks(IReadOnlyList<Rollout> rollouts)
    {
        var (chunks, tokens) = (new List<List<Rollout>>(), 0);
        foreach (var rollout in rollouts)
        {
            var more = rollout.Query.Prompt.Length + rollout.Tokens.Length;
            if (chunks.Count == 0 || (objective.ChunkTokens > 0 && tokens + more > objective.ChunkTokens))
            {
                chunks.Add([]);
                tokens = 0;
            }
            chunks[^1].Add(rollout);
            tokens += more;
        }
        return chunks;
    }
}
