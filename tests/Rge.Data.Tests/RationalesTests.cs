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
    public void Conclusion_follows_the_last_so(string rationale, string conclusion) => Assert.Equal(conclusion, Rationales.Conclusion(rationale));
}
