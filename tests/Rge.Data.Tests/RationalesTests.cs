namespace Rge.Data.Tests;

public sealed class RationalesTests
{
    [Theory]
    [InlineData("west red star so red star", "red star")]
    [InlineData("west red star", "west red star")]
    [InlineData("so one so two", "two")]
    [InlineData("a sofa is also there", "a sofa is also there")]
    [InlineData("The left one is red, So: red star. ", "red star.")]
    [InlineData("and so", "")]
    [InlineData(" ", "")]
    [InlineData("", "")]
    public void Conclusion_follows_the_last_so(string rationale, string conclusion) =>
        Assert.Equal(conclusion, Rationales.Conclusion(rationale));

    [Theory]
    [InlineData("center red star so red star", "west red star so red star", true)]
    [InlineData("so red star", "so red ring", false)]
    [InlineData("", "so red ring", false)]
    [InlineData(null, "so red ring", null)]
    [InlineData("so red ring", null, null)]
    [InlineData("", "", null)]
    [InlineData("so red ring", "", null)]
    public void An_oracle_that_writes_nothing_concludes_nothing(string? written, string? oracle, bool? expected) =>
        Assert.Equal(expected, Rationales.ConcludesRightly(written, oracle));
}
