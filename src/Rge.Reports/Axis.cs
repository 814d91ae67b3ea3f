using System.Globalization;

namespace Rge.Reports;

/// <summary>An axis from one number to another, with ticks on round numbers. Immutable.</summary>
internal sealed class Axis
{
    private static readonly double[] RoundSteps = [1, 2, 5, 10];

    private readonly double _least,
        _most;
    private readonly bool _isLogarithmic;

    private Axis(double least, double most, bool isLogarithmic, IEnumerable<double> ticks) =>
        (_least, _most, _isLogarithmic, Ticks) = (least, most, isLogarithmic, [.. ticks]);

    /// <summary>Where marks stand.</summary>
    public IReadOnlyList<double> Ticks { get; }

    /// <summary>An axis on which equal lengths are equal differences.</summary>
    /// <param name="least">The least number to show.</param>
    /// <param name="most">The greatest number to show. A range of less than a billionth of its ends is shown as a point.</param>
    /// <param name="ticks">About how many ticks; at least 1.</param>
    /// <param name="reach">Whether the axis extends to the round numbers around the data.</param>
    public static Axis Linear(double least, double most, int ticks, bool reach)
    {
        // Ticks closer together than this would be the same numbers: the range is shown as the point it is.
        var shortest = Math.Max(1e-300, 1e-9 * Math.Max(Math.Abs(least), Math.Abs(most)));
        if (!(most - least > shortest))
            (least, most) = (least - Math.Max(1e-9, Math.Abs(least) / 10), most + Math.Max(1e-9, Math.Abs(most) / 10));
        var step = RoundStep((most - least) / ticks);
        if (reach)
            (least, most) = (Math.Floor(least / step + 1e-9) * step, Math.Ceiling(most / step - 1e-9) * step);
        var first = (long)Math.Ceiling(least / step - 1e-9);
        var count = (int)((long)Math.Floor(most / step + 1e-9) - first + 1);
        return new Axis(least, most, isLogarithmic: false, Enumerable.Range(0, count).Select(i => (first + i) * step));
    }

    /// <summary>An axis on which equal lengths are equal ratios.</summary>
    /// <param name="least">The least number to show, above 0.</param>
    /// <param name="most">The greatest number to show.</param>
    public static Axis Logarithmic(double least, double most)
    {
        if (!(most > least))
            (least, most) = (least / 2, most * 2);
        var (first, last) = ((int)Math.Floor(Math.Log10(least)), (int)Math.Ceiling(Math.Log10(most)));
        // Over few decades 2 and 5 are marked too, over many not every power of ten is.
        double[] digits = Math.Log10(most / least) <= 3 ? [1, 2, 5] : [1];
        var every = Math.Max(1, (last - first + 1) / 5);
        var ticks =
            from decade in Enumerable.Range(first, last - first + 1)
            where decade % every == 0
            from digit in digits
            let tick = digit * Math.Pow(10, decade)
            where tick >= least * 0.999 && tick <= most * 1.001
            select tick;
        return new Axis(least, most, isLogarithmic: true, ticks);
    }

    /// <summary>Where a number lies, from 0 at the axis' beginning to 1 at its end; numbers beyond lie on the end.</summary>
    public double Share(double value)
    {
        var share = _isLogarithmic
            ? Math.Log(Math.Max(value, double.Epsilon) / _least) / Math.Log(_most / _least)
            : (value - _least) / (_most - _least);
        return Math.Clamp(share, 0, 1);
    }

    /// <summary>A tick in words of few characters.</summary>
    public static string Label(double tick) =>
        Math.Abs(tick) switch
        {
            < 1e-12 => "0",
            < 1e-4 => tick.ToString("0.#e-0", CultureInfo.InvariantCulture),
            >= 1e6 => (tick / 1e6).ToString("0.##", CultureInfo.InvariantCulture) + "M",
            >= 1e4 => (tick / 1e3).ToString("0.##", CultureInfo.InvariantCulture) + "k",
            _ => tick.ToString("0.#####", CultureInfo.InvariantCulture),
        };

    private static double RoundStep(double rough)
    {
        var power = Math.Pow(10, Math.Floor(Math.Log10(rough)));
        return RoundSteps.First(step => step * power >= rough * 0.8) * power;
    }
}
