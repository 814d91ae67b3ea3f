using CsCheck;

namespace Rge.Reports.Tests;

public sealed class AxisTests
{
    [Theory]
    [InlineData(0, 97.3, true, "0 20 40 60 80 100")]
    [InlineData(0, 97.3, false, "0 20 40 60 80")]
    [InlineData(0.13, 0.41, true, "0.1 0.15 0.2 0.25 0.3 0.35 0.4 0.45")]
    [InlineData(-3, 3, true, "-3 -2 -1 0 1 2 3")]
    [InlineData(1, 102400, false, "20k 40k 60k 80k 100k")]
    [InlineData(0, 0.0000072, true, "0 2e-6 4e-6 6e-6 8e-6")]
    public void Ticks_are_round_numbers(double least, double most, bool reach, string expected) =>
        Assert.Equal(expected, string.Join(' ', Axis.Linear(least, most, ticks: 5, reach).Ticks.Select(Axis.Label)));

    [Theory]
    [InlineData(0.04, 5, "0.05 0.1 0.2 0.5 1 2 5")]
    [InlineData(0.0004, 300, "0.001 0.01 0.1 1 10 100")]
    public void Logarithmic_ticks_are_powers_of_ten_and_over_few_decades_twos_and_fives(double least, double most, string expected)
    {
        var axis = Axis.Logarithmic(least, most);
        Assert.Equal(expected, string.Join(' ', axis.Ticks.Where(tick => tick >= least).Select(Axis.Label)));
        Assert.Equal(0.5, axis.Share(Math.Sqrt(least * most)), 1e-9);
    }

    [Fact]
    public void Whatever_is_shown_lies_on_the_axis_and_has_ticks() =>
        Gen.Select(Gen.Double[-1e6, 1e6], Gen.Double[0, 1e6], Gen.Int[1, 8], Gen.Bool).Sample(Holds);

    // Ranges of a few units in the last place, which random lengths hardly ever are.
    [Fact]
    public void So_it_is_where_the_range_is_tiny_beside_its_ends() =>
        Gen.Select(Gen.Double[-1e6, 1e6], Gen.Double[-320, -6].Select(power => Math.Pow(10, power)), Gen.Int[1, 8], Gen.Bool).Sample(Holds);

    [Theory]
    [InlineData(-770.13, 1.38e-13)]
    [InlineData(0, 5e-324)]
    [InlineData(0, 0)]
    [InlineData(1e300, 1e280)]
    public void These_ranges_are_shown(double least, double length) => Assert.True(Holds(least, length, 6, true));

    private static bool Holds(double least, double length, int ticks, bool reach)
    {
        var axis = Axis.Linear(least, least + length, ticks, reach);
        return axis.Ticks.Count <= 1.25 * ticks + 3
            && axis.Share(least) is >= 0 and <= 1
            && axis.Share(least) <= axis.Share(least + length)
            && axis.Ticks.All(tick => axis.Share(tick) is >= 0 and <= 1);
    }
}
