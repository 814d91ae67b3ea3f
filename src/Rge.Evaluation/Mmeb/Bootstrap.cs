using Rge.Files;

namespace Rge.Evaluation.Mmeb;

/// <summary>Confidence intervals by drawing rows again with replacement (Efron's percentile bootstrap), the same every time.</summary>
internal static class Bootstrap
{
    private const int Resamples = 1000;
    private const double Tail = 0.025;

    /// <summary>hit@1 of each resample of rows with the given number of hits.</summary>
    public static double[] Resample(int hits, int rows, ulong seed)
    {
        var random = new SplitMix64(seed);
        var means = new double[Resamples];
        for (var i = 0; i < Resamples; i++)
        {
            var drawn = 0;
            for (var row = 0; row < rows; row++)
                if (random.Below(rows) < hits)
                    drawn++;
            means[i] = (double)drawn / rows;
        }
        return means;
    }

    /// <summary>The interval that 95 % of the resamples lie in.</summary>
    public static Interval Interval(IEnumerable<double> means)
    {
        double[] sorted = [.. means.Order()];
        return new Interval(At(Tail), At(1 - Tail));

        double At(double share)
        {
            var place = share * (sorted.Length - 1);
            var (below, rest) = ((int)place, place - (int)place);
            return below + 1 < sorted.Length ? sorted[below] + rest * (sorted[below + 1] - sorted[below]) : sorted[below];
        }
    }
}
