using CsCheck;
using Rge.Evaluation.Reports;

namespace Rge.Evaluation.Tests.Reports;

public sealed class AxisTests
{
    [Theory]
    [InlineData(0, 97.3, true, "0 20 40 60 80 100")]
    [InlineData(0, 97.3, false, "0 20 40 60 80")]
    [InlineData(0.13, 0.41, true, "0.1 0.15 0.2 0.25 0.3 0.35 0.4 0.45")]
    [InlineData(-3, 3, true, "-3 -2 -1 0 1 2 3")]
    [InlineData(1, 102400, false, "20k 40k 60k 80k 100k")]
    [InlineData(0, 0.0000072, true, "0 2e-6 4e-6 6e-6 8e-6")]
    public void Ticks_are_round_numbers(double least, double most, bool reach, string expected) => Assert.Equal(expected, string.Join(' ', Axis.Linear(least, most, ticks: 5, reach).Ticks.Select(Axis.Label)));

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
        Gen.Select(Gen.Double[-1e6, 1e6], Gen.Double[0, 1e6], Gen.Int[1, 8], Gen.Bool).Sample((least, length, ticks, reach) =>
        {
            var axis = Axis.Linear(least, least + length, ticks, reach);
            return axis.Ticks.Count <= 1.25 * ticks + 3 && axis.Share(least) is >= 0 and <= 1 && axis.Share(least) <= axis.Share(least + length) && axis.Ticks.All(tick => axis.Share(tick) is >= 0 and <= 1);
        });
}
