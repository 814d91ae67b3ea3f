namespace Rge.Verification.Tests;

public sealed class ComparisonTests
{
    private readonly Comparison _comparison = new("states", Comparison.Absolute, 2e-4);

    [Fact]
    public void The_largest_difference_decides()
    {
        _comparison.AddValues("a", [1, 2], [1, 2.0001f]);
        _comparison.AddValues("b", [0], [0]);
        Assert.Equal((2, "a", true), (_comparison.Row.Cases, _comparison.Row.WorstCase, _comparison.Row.Passed));
        _comparison.AddValues("c", [1], [1.001f]);
        Assert.Equal(("c", false), (_comparison.Row.WorstCase, _comparison.Row.Passed));
    }

    [Fact]
    public void A_large_value_may_differ_by_half_the_tolerance_of_itself()
    {
        _comparison.AddValues("a", [1000.09f], [1000]);
        Assert.True(_comparison.Row.Passed);
        _comparison.AddValues("b", [1000.12f], [1000]);
        Assert.False(_comparison.Row.Passed);
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    public void What_is_no_number_fails_for_good(float value)
    {
        _comparison.AddValues("a", [value], [1]);
        _comparison.AddValues("b", [5], [1]);
        Assert.Equal(("a", false), (_comparison.Row.WorstCase, _comparison.Row.Passed));
    }

    [Fact]
    public void Another_number_of_values_fails()
    {
        _comparison.AddValues("a", [1], [1, 2]);
        Assert.False(_comparison.Row.Passed);
        _comparison.AddDistance("b", [1], [1, 2]);
        Assert.False(_comparison.Row.Passed);
    }

    [Fact]
    public void Cosine_distances_below_single_precision_are_told_apart() =>
        Assert.Equal(5e-9, Comparison.Distance([1, 0], [1, 1e-4f]), tolerance: 1e-11);

    [Fact]
    public void Nothing_compared_is_not_present() => Assert.Equal((false, true), (_comparison.Row.IsPresent, _comparison.Row.Passed));

    [Fact]
    public void Lists_that_differ_are_counted_and_the_first_is_named()
    {
        var exact = Comparison.Exact("ids");
        exact.AddEqual("a", [1, 2], [1, 2]);
        exact.AddEqual("b", [1, 3], [1, 2]);
        exact.AddEqual("c", [1], [1, 2]);
        Assert.Equal((3, 2, "b: at 1 '3', expected '2'"), (exact.Row.Cases, exact.Row.LargestDifference, exact.Row.WorstCase));
    }
}
