namespace Rge.Files;

/// <summary>
/// The waits between the attempts of one piece of work: the first, then twice as long after each further failure, each with a random part
/// of up to a quarter; once that reaches the longest wait, the longest less a random part of up to a quarter, never more. So concurrent
/// waits do not end together. Not thread-safe.
/// </summary>
/// <param name="first">Wait after the first failure.</param>
/// <param name="longest">Longest wait.</param>
public sealed class Backoff(TimeSpan first, TimeSpan longest)
{
    /// <summary>Consecutive failures.</summary>
    public int Failures { get; private set; }

    /// <summary>Forgets the failures: the work has got further.</summary>
    public void Reset() => Failures = 0;

    /// <summary>Counts a failure.</summary>
    /// <returns>How long to wait.</returns>
    public TimeSpan Next()
    {
        Failures++;
        // Doubled so often that it is no time span any more, it is long enough.
        var doubled = first.TotalSeconds * Math.Pow(2, Failures - 1);
        if (doubled >= longest.TotalSeconds)
            return longest * (1 - Random.Shared.NextDouble() / 4);
        var wait = Spread(TimeSpan.FromSeconds(doubled));
        return wait < longest ? wait : longest;
    }

    /// <summary>A wait with its random part.</summary>
    /// <param name="wait">The least wait.</param>
    public static TimeSpan Spread(TimeSpan wait) => wait * (1 + Random.Shared.NextDouble() / 4);
}
