using System.Globalization;
using System.Numerics.Tensors;

namespace Rge.Verification;

/// <summary>Gathers the differences of one quantity.</summary>
internal sealed class Comparison(string quantity, string measure, double tolerance)
{
    public const string CasesThatDiffer = "cases that differ";
    public const string Absolute = "absolute";
    public const string CosineDistance = "cosine distance";

    private int _cases;
    private double _largest;
    private string? _worst;

    /// <summary>The result so far.</summary>
    public VerificationRow Row => new(quantity, measure, _cases, _largest, tolerance, _worst);

    /// <summary>A quantity that must be the same in every case.</summary>
    public static Comparison Exact(string quantity) => new(quantity, CasesThatDiffer, 0);

    /// <summary>Counts a case that must be equal.</summary>
    public void AddEqual<T>(string name, IReadOnlyList<T> found, IReadOnlyList<T> expected)
    {
        _cases++;
        if (found.SequenceEqual(expected))
            return;
        _largest++;
        var place = 0;
        while (place < found.Count && place < expected.Count && Equals(found[place], expected[place]))
            place++;
        _worst ??= string.Create(CultureInfo.InvariantCulture, $"{name}: at {place} {At(found)}, expected {At(expected)}");

        string At(IReadOnlyList<T> values) =>
            place < values.Count ? string.Create(CultureInfo.InvariantCulture, $"'{values[place]}'") : "the end";
    }

    /// <summary>Counts a case by the difference of two texts or other values that must be equal.</summary>
    public void AddEqual(string name, string found, string expected) => AddEqual(name, found.ToCharArray(), expected.ToCharArray());

    /// <summary>Counts a case by a difference.</summary>
    public void Add(string name, double difference)
    {
        _cases++;
        // Written so that a difference that is not a number counts as the largest.
        if (difference <= _largest || double.IsNaN(_largest))
            return;
        (_largest, _worst) = (difference, name);
    }

    /// <summary>
    /// Counts a case by its largest difference between values. One that is within half the tolerance relative to the reference passes too
    /// (2e-4 absolute or 1e-4 relative): differences of values beyond 2 are scaled down accordingly.
    /// </summary>
    public void AddValues(string name, ReadOnlySpan<float> found, ReadOnlySpan<float> expected)
    {
        if (found.Length != expected.Length)
        {
            Add($"{name} ({found.Length} values, expected {expected.Length})", double.PositiveInfinity);
            return;
        }
        var largest = 0.0;
        for (var i = 0; i < found.Length; i++)
        {
            var difference = Math.Abs((double)found[i] - expected[i]) / Math.Max(1, Math.Abs(expected[i]) / 2);
            if (!(difference <= largest))
                largest = difference;
        }
        Add(name, largest);
    }

    /// <summary>Counts a case by the cosine distance of two vectors.</summary>
    public void AddDistance(string name, ReadOnlySpan<float> found, ReadOnlySpan<float> expected)
    {
        if (found.Length != expected.Length)
            Add($"{name} ({found.Length} dimensions, expected {expected.Length})", double.PositiveInfinity);
        else
            Add(name, Distance(found, expected));
    }

    /// <summary>One minus the cosine, in double: single precision would round distances of 1e-7.</summary>
    public static double Distance(ReadOnlySpan<float> first, ReadOnlySpan<float> second)
    {
        var (a, b) = (new double[first.Length], new double[second.Length]);
        TensorPrimitives.ConvertTruncating(first, a);
        TensorPrimitives.ConvertTruncating(second, b);
        return 1 - TensorPrimitives.CosineSimilarity<double>(a, b);
    }
}
