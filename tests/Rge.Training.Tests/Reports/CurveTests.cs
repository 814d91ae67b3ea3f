using Rge.Reports;
using Rge.Training.Reports;

namespace Rge.Training.Tests.Reports;

public sealed class CurveTests
{
    [Fact]
    public void Smoothing_takes_as_many_neighbours_on_either_side_and_none_of_another_phase()
    {
        ChartPoint[] points = [new(1, 1), new(2, 4), new(3, 1), new(4, 4), new(5, 1), new(6, 100), new(7, 100)];
        var smooth = Curve.Smooth(points, reach: 1, starts: [1, 6]);
        Assert.Equal([1, 2, 3, 2, 1, double.NaN, 100, 100], smooth.Select(point => point.Y));
        Assert.Equal([1, 2, 3, 4, 5, 5.5, 6, 7], smooth.Select(point => point.X));
        // A straight line stays one: nothing lags.
        Assert.All(Curve.Smooth([.. Enumerable.Range(0, 50).Select(i => new ChartPoint(i, 3 * i))], 7, []), point =>
            Assert.Equal(3 * point.X, point.Y, 1e-9)
        );
    }

    [Fact]
    public void Thinning_keeps_peaks_gaps_and_order()
    {
        ChartPoint[] points =
        [
            .. Enumerable
                .Range(0, 10_000)
                .Select(i => new ChartPoint(
                    i,
                    i == 4321 ? double.NaN
                        : i == 1234 ? 50
                        : i % 7
                )),
        ];
        var thin = Curve.Thin(points);
        Assert.InRange(thin.Count, 100, 500);
        Assert.Contains(new ChartPoint(1234, 50), thin);
        Assert.Contains(thin, point => point.X == 4321 && double.IsNaN(point.Y));
        Assert.Equal(thin.Select(point => point.X).Order(), thin.Select(point => point.X));
        Assert.Equal(20, Curve.Thin(points[..20]).Count);
    }
}
