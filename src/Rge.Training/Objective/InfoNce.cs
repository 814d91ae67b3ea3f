using Rge.Models.Tensors;
using Rge.Training.Batches;
using Rge.Training.Settings;
using static TorchSharp.torch;

namespace Rge.Training.Objective;

/// <summary>
/// InfoNCE (van den Oord et al., 2018) on cosines, with duplicates masked and several positives: for each pair (query i, right target p),
/// −log( e^s(i,p) / (e^s(i,p) + Σ e^s(i,n)) ) over the targets n that are wrong for i, with s = cosine / temperature. A query's pairs are
/// averaged, then the queries.
/// </summary>
public static class InfoNce
{
    /// <summary>Computes the loss, with gradient.</summary>
    /// <param name="queries">Hidden states of queries <c>[B, hidden]</c>; normalized here, in float32.</param>
    /// <param name="targets">Hidden states of targets <c>[M, hidden]</c>; normalized here, in float32.</param>
    /// <param name="pairs">Positives and negatives.</param>
    /// <param name="logitScale">1 / temperature, a scalar; with gradient where it is learned.</param>
    /// <param name="direction">The direction of the contrast.</param>
    /// <returns>A scalar, in the current dispose scope.</returns>
    /// <exception cref="ArgumentException">The shapes are not those of the pairs.</exception>
    public static Tensor Loss(Tensor queries, Tensor targets, InBatchPairs pairs, Tensor logitScale, ContrastDirection direction)
    {
        ArgumentNullException.ThrowIfNull(queries);
        ArgumentNullException.ThrowIfNull(targets);
        ArgumentNullException.ThrowIfNull(pairs);
        ArgumentNullException.ThrowIfNull(logitScale);
        if (
            queries.dim() != 2
            || targets.dim() != 2
            || queries.shape[0] != pairs.Queries
            || targets.shape[0] != pairs.Targets
            || queries.shape[1] != targets.shape[1]
        )
            throw new ArgumentException(
                $"Queries are [{string.Join(", ", queries.shape)}] and targets [{string.Join(", ", targets.shape)}], "
                    + $"expected [{pairs.Queries}, hidden] and [{pairs.Targets}, hidden].",
                nameof(queries)
            );
        var scores = Normalize(queries).mm(Normalize(targets).t()) * logitScale; // (B, M)
        var isRight = tensor(pairs.IsNegative, [pairs.Queries, pairs.Targets], device: queries.device).logical_not();
        var wrong = scores.Fill(isRight, double.NegativeInfinity);
        var right = scores
            .view(-1)
            .index_select(0, Indices(pairs.Positives.Select(pair => (long)pair.Query * pairs.Targets + pair.Target)));
        var loss = Choose(1, pairs.Positives.Select(pair => pair.Query).ToArray());
        return direction == ContrastDirection.QueryToTarget
            ? loss
            : loss.Plus(Choose(0, pairs.Positives.Select(pair => pair.Target).ToArray())).Times(0.5);

        // Cross entropy of each pair against what is wrong for its chooser, averaged over choosers.
        Tensor Choose(long over, int[] choosers)
        {
            var others = wrong.logsumexp(over).index_select(0, Indices(choosers.Select(c => (long)c)));
            var counts = choosers.CountBy(c => c).ToDictionary(count => count.Key, count => count.Value);
            var weights = tensor(choosers.Select(c => 1f / (counts[c] * counts.Count)).ToArray(), device: queries.device);
            return ((logaddexp(right, others) - right) * weights).sum();
        }

        Tensor Indices(IEnumerable<long> values) => tensor(values.ToArray(), device: queries.device);
    }

    private static Tensor Normalize(Tensor rows) => nn.functional.normalize(rows.to(ScalarType.Float32), p: 2, dim: 1);
}
