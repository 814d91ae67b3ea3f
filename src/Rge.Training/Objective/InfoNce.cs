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
        var scores = Scores(queries, targets, pairs, logitScale);
        var loss = Mean(PairLosses(scores, pairs, over: 1), [.. pairs.Positives.Select(pair => (long)pair.Query)]);
        return direction == ContrastDirection.QueryToTarget
            ? loss
            : loss.Plus(Mean(PairLosses(scores, pairs, over: 0), [.. pairs.Positives.Select(pair => (long)pair.Target)])).Times(0.5);
    }

    /// <summary>The loss of each query against the targets, averaged over its pairs, float32 <c>[B]</c>; see <see cref="Loss"/>.</summary>
    /// <exception cref="ArgumentException">The shapes are not those of the pairs.</exception>
    public static Tensor QueryLosses(Tensor queries, Tensor targets, InBatchPairs pairs, Tensor logitScale)
    {
        var losses = PairLosses(Scores(queries, targets, pairs, logitScale), pairs, over: 1);
        long[] queriesOfPairs = [.. pairs.Positives.Select(pair => (long)pair.Query)];
        var shares = tensor(Shares(queriesOfPairs), device: losses.device);
        return zeros([pairs.Queries], ScalarType.Float32, losses.device)
            .scatter_add(0, tensor(queriesOfPairs, device: losses.device), losses * shares);
    }

    /// <summary>The rank of each query's nearest right target among those that are wrong for it, from 1; equal ones go before it.</summary>
    /// <param name="cosines">Row-major <c>[B, M]</c>.</param>
    /// <param name="pairs">Positives and negatives.</param>
    internal static int[] Ranks(ReadOnlySpan<float> cosines, InBatchPairs pairs)
    {
        var nearest = new float[pairs.Queries];
        Array.Fill(nearest, float.NegativeInfinity);
        foreach (var (query, target) in pairs.Positives)
            nearest[query] = Math.Max(nearest[query], cosines[query * pairs.Targets + target]);
        var ranks = new int[pairs.Queries];
        for (var place = 0; place < cosines.Length; place++)
            if (pairs.IsNegative[place] && cosines[place] >= nearest[place / pairs.Targets])
                ranks[place / pairs.Targets]++;
        return Array.ConvertAll(ranks, before => before + 1);
    }

    private static Tensor Scores(Tensor queries, Tensor targets, InBatchPairs pairs, Tensor logitScale)
    {
        ArgumentNullException.ThrowIfNull(logitScale);
        return Cosines(queries, targets, pairs) * logitScale;
    }

    /// <summary>Cosines <c>[B, M]</c>.</summary>
    /// <exception cref="ArgumentException">The shapes are not those of the pairs.</exception>
    internal static Tensor Cosines(Tensor queries, Tensor targets, InBatchPairs pairs)
    {
        ArgumentNullException.ThrowIfNull(queries);
        ArgumentNullException.ThrowIfNull(targets);
        ArgumentNullException.ThrowIfNull(pairs);
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
        return Normalize(queries).mm(Normalize(targets).t());
    }

    /// <summary>
    /// Cross entropy of each pair against what is wrong for its chooser: the query where scores are compared over targets (1), the target
    /// where they are compared over queries (0).
    /// </summary>
    private static Tensor PairLosses(Tensor scores, InBatchPairs pairs, long over)
    {
        var isRight = tensor(pairs.IsNegative, [pairs.Queries, pairs.Targets], device: scores.device).logical_not();
        var wrong = scores.Fill(isRight, double.NegativeInfinity).logsumexp(over);
        var others = wrong.index_select(0, Indices(pairs.Positives.Select(pair => (long)(over == 1 ? pair.Query : pair.Target))));
        var right = scores
            .view(-1)
            .index_select(0, Indices(pairs.Positives.Select(pair => (long)pair.Query * pairs.Targets + pair.Target)));
        return logaddexp(right, others) - right;

        Tensor Indices(IEnumerable<long> values) => tensor(values.ToArray(), device: scores.device);
    }

    /// <summary>The mean over choosers of the means over the pairs of each.</summary>
    private static Tensor Mean(Tensor losses, long[] choosers)
    {
        var count = choosers.Distinct().Count();
        return (losses * tensor(Array.ConvertAll(Shares(choosers), share => share / count), device: losses.device)).sum();
    }

    /// <summary>The share that each pair has in its chooser's mean.</summary>
    private static float[] Shares(long[] choosers)
    {
        var counts = choosers.CountBy(chooser => chooser).ToDictionary(count => count.Key, count => count.Value);
        return Array.ConvertAll(choosers, chooser => 1f / counts[chooser]);
    }

    private static Tensor Normalize(Tensor rows) => nn.functional.normalize(rows.to(ScalarType.Float32), p: 2, dim: 1);
}
