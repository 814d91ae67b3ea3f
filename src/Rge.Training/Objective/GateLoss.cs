using Rge.Models.Tensors;
using Rge.Training.Batches;
using Rge.Training.Settings;
using static TorchSharp.torch;

namespace Rge.Training.Objective;

/// <summary>The loss of the gate over the chunks of a step; see <see cref="GateSettings"/>.</summary>
internal sealed class GateLoss
{
    private readonly List<float> _labels = [];
    private double _sum;
    private int _right;

    /// <summary>The gates so far; null without any.</summary>
    public GateOutcome? Outcome =>
        _labels.Count == 0 ? null : new GateOutcome(_sum / _labels.Count, _labels.Average(), (double)_right / _labels.Count);

    /// <summary>1 for each query that is found as well without a rationale as after its own, else 0.</summary>
    /// <param name="direct">Embeddings of the queries without a rationale <c>[B, hidden]</c>.</param>
    /// <param name="reasoned">Those after their own.</param>
    /// <param name="targets">Embeddings of targets <c>[M, hidden]</c>.</param>
    /// <param name="pairs">Positives and negatives.</param>
    /// <param name="logitScale">1 / temperature.</param>
    /// <param name="settings">What is compared.</param>
    public static float[] Labels(
        Tensor direct,
        Tensor reasoned,
        Tensor targets,
        InBatchPairs pairs,
        Tensor logitScale,
        GateSettings settings
    )
    {
        using var gradients = no_grad();
        return
        [
            .. settings.Label == GateLabel.Rank
                ? Ranks(direct).Zip(Ranks(reasoned), (without, with) => without <= with ? 1f : 0f)
                : Losses(direct).Zip(Losses(reasoned), (without, with) => without <= with + settings.Margin ? 1f : 0f),
        ];

        int[] Ranks(Tensor queries) => InfoNce.Ranks(Numbers(InfoNce.Cosines(queries, targets, pairs)), pairs);

        float[] Losses(Tensor queries) => Numbers(InfoNce.QueryLosses(queries, targets, pairs, logitScale));
    }

    /// <summary>The binary cross entropy of gates, summed, and counted for <see cref="Outcome"/>.</summary>
    /// <param name="gates">Log-odds <c>[G]</c>.</param>
    /// <param name="labels">Their labels.</param>
    public Tensor Sum(Tensor gates, float[] labels)
    {
        var loss = nn.functional.binary_cross_entropy_with_logits(gates, tensor(labels, device: gates.device), reduction: nn.Reduction.Sum);
        _labels.AddRange(labels);
        _sum += loss.Number();
        _right += Numbers(gates).Zip(labels).Count(of => of.First > 0 == of.Second > 0.5f);
        return loss;
    }

    /// <summary>
    /// What next-token losses have too much where the first token is chosen among all but <c>&lt;emb&gt;</c>: −ln(1 − p), summed.
    /// </summary>
    /// <param name="gates">Log-odds <c>[G]</c>.</param>
    /// <param name="isPredicted">Whether there is a next-token loss after each.</param>
    public static Tensor Excess(Tensor gates, IEnumerable<bool> isPredicted)
    {
        float[] counted = [.. isPredicted.Select(predicted => predicted ? 1f : 0f)];
        return (nn.functional.softplus(gates) * tensor(counted, device: gates.device)).sum();
    }

    /// <summary>Labels are chosen, and gates counted, by the program.</summary>
    private static float[] Numbers(Tensor values)
    {
        using var host = HostTransfers.Download(values.detach());
        return host.data<float>().ToArray();
    }
}
