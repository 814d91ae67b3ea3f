using System.Diagnostics;

namespace Rge.Bench;

/// <summary>Times candidates in turn, round after round, after a warm-up.</summary>
internal static class Interleaved
{
    /// <summary>Median microseconds of each candidate, in order.</summary>
    public static double[] Medians(IReadOnlyList<Candidate> candidates, int rounds)
    {
        var times = candidates.Select(_ => new List<double>(rounds)).ToArray();
        for (var round = -2; round < rounds; round++)
        {
            for (var i = 0; i < candidates.Count; i++)
            {
                var start = Stopwatch.GetTimestamp();
                candidates[i].Run();
                if (round >= 0)
                    times[i].Add(Stopwatch.GetElapsedTime(start).TotalMicroseconds);
            }
        }
        return [.. times.Select(t => t.Median())];
    }
}
