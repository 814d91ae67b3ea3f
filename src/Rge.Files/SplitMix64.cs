namespace Rge.Files;

/// <summary>A random generator whose numbers are the same on every machine and in every version (Steele, Lea and Flood, 2014).</summary>
public sealed class SplitMix64(ulong state)
{
    private const ulong Golden = 0x9E3779B97F4A7C15;

    private ulong _state = state;

    /// <summary>The generator of a place in a stream: any of the numbers changes everything that follows.</summary>
    public static SplitMix64 At(params ReadOnlySpan<ulong> place)
    {
        var state = 0UL;
        foreach (var part in place)
            state = Mix(state + Golden + Mix(part + Golden));
        return new SplitMix64(state);
    }

    /// <summary>A bijection of 64 bits in which every bit of the result depends on every bit of the value.</summary>
    public static ulong Mix(ulong value)
    {
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }

    /// <summary>64 random bits.</summary>
    public ulong Next() => Mix(_state += Golden);

    /// <summary>A number from 0 to <paramref name="bound"/> - 1.</summary>
    public int Below(int bound) => (int)(((Next() >> 32) * (ulong)bound) >> 32);

    /// <summary>A number from <paramref name="least"/> to <paramref name="most"/>.</summary>
    public int Between(int least, int most) => least + Below(most - least + 1);

    /// <summary>True half of the time.</summary>
    public bool Flip() => (Next() >> 63) != 0;

    /// <summary>A number in [0, 1).</summary>
    public double Fraction() => (Next() >> 11) * (1.0 / (1UL << 53));

    /// <summary>One of the values.</summary>
    public T Pick<T>(params ReadOnlySpan<T> values) => values[Below(values.Length)];

    /// <summary>Brings the values into random order.</summary>
    public void Shuffle<T>(Span<T> values)
    {
        for (var i = values.Length - 1; i > 0; i--)
        {
            var j = Below(i + 1);
            (values[i], values[j]) = (values[j], values[i]);
        }
    }

    /// <summary>Some of the values, none twice, in random order.</summary>
    public T[] Choose<T>(ReadOnlySpan<T> values, int count)
    {
        var all = values.ToArray();
        Shuffle<T>(all);
        return all[..count];
    }

    /// <summary>One of the items, by weight; the weights are not all 0.</summary>
    public T Pick<T>(IReadOnlyList<T> items, Func<T, double> weight)
    {
        var left = Fraction() * items.Sum(weight);
        foreach (var item in items)
        {
            left -= weight(item);
            if (left < 0)
                return item;
        }
        return items.Last(item => weight(item) > 0); // rounding
    }
}
