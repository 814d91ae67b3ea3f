using System.Globalization;

namespace Rge.Reports;

/// <summary>The mean of some numbers, and how far they lie apart.</summary>
/// <param name="Mean">The mean.</param>
/// <param name="Deviation">The sample standard deviation (over n − 1); <see langword="null"/> for a single number.</param>
/// <param name="Count">How many numbers there are; at least 1.</param>
public readonly record struct Spread(double Mean, double? Deviation, int Count)
{
    /// <summary>Of these numbers; <see langword="null"/> for none.</summary>
    public static Spread? From(IEnumerable<double> values)
    {
        double[] all = [.. values];
        if (all.Length == 0)
            return null;
        var mean = all.Average();
        var squares = all.Sum(value => (value - mean) * (value - mean));
        return new Spread(mean, all.Length == 1 ? null : Math.Sqrt(squares / (all.Length - 1)), all.Length);
    }

    /// <summary>Of shares of 0 to 1, in percent; <see langword="null"/> for none.</summary>
    public static Spread? FromShares(IEnumerable<double> values) => From(values.Select(value => 100 * value));

    /// <summary>"47.6 ± 0.6", and without a deviation "47.6".</summary>
    public override string ToString() => ToString("0.0");

    /// <summary>As <see cref="ToString()"/>, with both numbers in a format of their own.</summary>
    public string ToString(string format)
    {
        var mean = Mean.ToString(format, CultureInfo.InvariantCulture);
        return Deviation is { } deviation ? $"{mean} ± {deviation.ToString(format, CultureInfo.InvariantCulture)}" : mean;
    }

    /// <summary>A difference: "+4.9 ± 0.3".</summary>
    public string ToSignedString() => (Mean >= 0 ? "+" : "") + ToString();
}
