namespace Rge.Imaging.Tests;

public sealed class RgbImageTests
{
    [Theory]
    [InlineData(0, 1, 0), InlineData(1, -1, 3), InlineData(2, 2, 11), InlineData(70_000, 70_000, 12)]
    public void Sides_and_length_must_agree(int width, int height, int length) =>
        Assert.ThrowsAny<ArgumentException>(() => new RgbImage(width, height, new byte[length]));
}
