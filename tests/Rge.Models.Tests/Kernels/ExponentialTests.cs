using System.Numerics;
using CsCheck;
using Rge.Models.Kernels;

namespace Rge.Models.Tests.Kernels;

public sealed class ExponentialTests
{
    [Fact]
    public void Values_are_within_two_units_in_the_last_place() =>
        Gen.Float[-87, 88]
            .Array[Vector<float>.Count]
            .Sample(
                values =>
                {
                    var result = Exponential.Of(new Vector<float>(values));
                    for (var i = 0; i < values.Length; i++)
                    {
                        var expected = Math.Exp(values[i]);
                        Assert.InRange(Math.Abs(result[i] - expected) / expected, 0, 2.0 / (1 << 23));
                    }
                },
                iter: 20_000
            );

    [Theory]
    [InlineData(0f, 1f)]
    [InlineData(1000f, 1.6516363e38f)]
    [InlineData(float.PositiveInfinity, 1.6516363e38f)]
    [InlineData(-1000f, 1.6458115e-38f)]
    [InlineData(float.NegativeInfinity, 1.6458115e-38f)]
    public void Extremes_end_at_the_bounds(float x, float expected) =>
        Assert.Equal(expected, Exponential.Of(new Vector<float>(x))[0], expected * 1e-6f);

    [Fact]
    public void What_is_no_number_stays_none() => Assert.True(float.IsNaN(Exponential.Of(new Vector<float>(float.NaN))[0]));
}
