namespace Rge.Training.Batches;

/// <summary>Chance that depends on a seed and a place alone: the same on every machine, without state.</summary>
internal static class SampleDraw
{
    /// <summary>A number in 0 … 1, 1 excluded.</summary>
    public static double Uniform(long seed, long place, long salt) => (Mix(seed, place, salt) >> 11) * (1.0 / (1UL << 53));

    /// <summary>Chooses by weight.</summary>
    /// <param name="weights">Weights, not all 0.</param>
    /// <param name="chance">In 0 … 1, 1 excluded.</param>
    public static int Choose(IReadOnlyList<double> weights, double chance)
    {
        var left = chance * weights.Sum();
        for (var i = 0; i < weights.Count; i++)
        {
            left -= weights[i];
            if (left < 0) return i;
        }
        return weights.Count - 1; // rounding
    }

    /// <summary>A place of 0 … count − 1 for each of 0 … count − 1, all different.</summary>
    public static int[] Shuffle(int count, long seed, long salt)
    {
        int[] order = [.. Enumerable.Range(0, count)];
        for (var i = count - 1; i > 0; i--)
        {
            var j = (int)(Mix(seed, i, salt) % (ulong)(i + 1));
            (order[i], order[j]) = (order[j], order[i]);
        }
        return order;
    }

    /// <summary>SplitMix64 (Steele, Lea and Flood, 2014) over three numbers.</summary>
    private static ulong Mix(long seed, long place, long salt) => Finish(Finish(Finish((ulong)seed) ^ (ulong)place) ^ (ulong)salt);

    private static ulong Finish(ulong z)
    {
        z += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
