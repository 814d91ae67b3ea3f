using Rge.Files;

namespace Rge.Training.Batches;

/// <summary>Items in an endless order in which each round has every one once, in an order of its own. Thread-safe.</summary>
/// <param name="items">The items; at least one.</param>
/// <param name="seed">Seed of the orders.</param>
/// <param name="stream">Tells sequences of the same seed apart.</param>
internal sealed class ShuffledRounds<T>(IReadOnlyList<T> items, ulong seed, ulong stream)
{
    // Places are asked for nearly in order: the order of the round at hand is kept.
    private (long Round, int[] Order) _last = (-1, []);
    private readonly Lock _lock = new();

    /// <summary>The item at an index, from 0.</summary>
    public T At(long place)
    {
        var (round, index) = Math.DivRem(place, items.Count);
        lock (_lock)
        {
            if (_last.Round != round)
            {
                int[] order = [.. Enumerable.Range(0, items.Count)];
                SplitMix64.At(seed, stream, (ulong)round).Shuffle<int>(order);
                _last = (round, order);
            }
            return items[_last.Order[index]];
        }
    }
}
