namespace Rge.Training.Objective;

/// <summary>Advantages of GRPO: how much better a rationale is than the others of its query.</summary>
internal static class GroupAdvantages
{
    /// <summary>Keeps a group of nearly equal rewards from dividing by nothing.</summary>
    private const double Epsilon = 1e-4;

    /// <summary>Rewards less their mean, divided by their standard deviation + 1e-4 where wanted; all 0 where rewards are equal.</summary>
    /// <param name="rewards">The rewards of one group.</param>
    /// <param name="normalizeStd">Whether the standard deviation is divided by.</param>
    public static double[] Of(IReadOnlyList<double> rewards, bool normalizeStd)
    {
        if (AreEqual(rewards))
            return new double[rewards.Count];
        var mean = rewards.Average();
        var scale = normalizeStd ? 1 / (StandardDeviation(rewards) + Epsilon) : 1;
        return [.. rewards.Select(reward => (reward - mean) * scale)];
    }

    /// <summary>Whether a group teaches nothing.</summary>
    public static bool AreEqual(IReadOnlyList<double> rewards) => rewards.Max() <= rewards.Min();

    /// <summary>Standard deviation of a sample: the squares are divided by one less than their number, of which there are two or more.</summary>
    public static double StandardDeviation(IReadOnlyList<double> values)
    {
        var mean = values.Average();
        return Math.Sqrt(values.Sum(value => (value - mean) * (value - mean)) / (values.Count - 1));
    }
}
