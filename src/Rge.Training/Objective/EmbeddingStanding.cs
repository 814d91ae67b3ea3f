using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using Rge.Training.Settings;

namespace Rge.Training.Objective;

/// <summary>Where the embedding of a query stands between its own targets and the negatives of the batch.</summary>
/// <param name="ReciprocalRank">1 / rank of the nearest own target, 0 to 1; negatives that are as near go before it.</param>
/// <param name="Margin">
/// Its cosine less the mean cosine of the negatives, weighted by their softmax: that of Embed-RL (2026). 0 without negatives.
/// </param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct EmbeddingStanding(double ReciprocalRank, double Margin)
{
    /// <summary>Compares cosines.</summary>
    /// <param name="own">Those of the query's own targets; at least one.</param>
    /// <param name="negatives">Those of the targets that are wrong for it.</param>
    /// <param name="temperature">Divides cosines of negatives before the softmax; above 0.</param>
    public static EmbeddingStanding Of(ReadOnlySpan<double> own, ReadOnlySpan<double> negatives, double temperature)
    {
        var nearest = TensorPrimitives.Max(own);
        if (negatives.IsEmpty)
            return new EmbeddingStanding(1, 0);
        var highest = TensorPrimitives.Max(negatives);
        var (before, weights, weighted) = (0, 0.0, 0.0);
        foreach (var cosine in negatives)
        {
            if (cosine >= nearest)
                before++;
            var weight = Math.Exp((cosine - highest) / temperature);
            (weights, weighted) = (weights + weight, weighted + weight * cosine);
        }
        return new EmbeddingStanding(1.0 / (1 + before), nearest - weighted / weights);
    }

    /// <summary>What it is worth.</summary>
    /// <remarks>A negative margin is not multiplied: it would come nearer to 0 with each place lost.</remarks>
    public double Reward(RewardKind kind) =>
        kind switch
        {
            RewardKind.Rank => ReciprocalRank,
            RewardKind.Margin => Margin,
            _ => Margin > 0 ? ReciprocalRank * Margin : Margin,
        };
}
