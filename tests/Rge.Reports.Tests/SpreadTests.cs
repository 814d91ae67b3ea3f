namespace Rge.Reports.Tests;

public sealed class SpreadTests
{
    [Fact]
    public void Mean_and_sample_deviation()
    {
        // By hand: the squares of −2, −1, 3 are 4 + 1 + 9 = 14, over two degrees of freedom 7.
        var spread = Spread.From([2, 3, 7])!.Value;
        Assert.Equal((4.0, 3), (spread.Mean, spread.Count));
        Assert.Equal(Math.Sqrt(7), spread.Deviation!.Value, 1e-12);
        Assert.Equal("4.0 ± 2.6", spread.ToString());
        Assert.Equal("+4.0 ± 2.6", spread.ToSignedString());
        Assert.Equal("-0.5", Spread.From([-0.5])!.Value.ToSignedString());
    }

    [Fact]
    public void One_number_has_no_deviation_and_none_no_mean()
    {
        Assert.Equal(new Spread(50, null, 1), Spread.FromShares([0.5]));
        Assert.Null(Spread.From([]));
    }
}
