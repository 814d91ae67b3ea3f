namespace Rge.Text.Tests;

public sealed class ImagePadsTests
{
    private const int Image = 7,
        Video = 8;

    [Fact]
    public void Each_image_token_is_repeated() =>
        Assert.Equal([1, 7, 7, 7, 2, 7, 3], ImagePads.Expand([1, 7, 2, 7, 3], Image, Video, [3, 1]));

    [Fact]
    public void A_prompt_without_images_stays_as_it_is() => Assert.Equal([1, 2], ImagePads.Expand([1, 2], Image, Video, []));

    [Theory]
    [InlineData(new[] { 7 }, new int[0])]
    [InlineData(new[] { 1 }, new[] { 4 })]
    [InlineData(new[] { 7, 7 }, new[] { 4 })]
    [InlineData(new[] { 7 }, new[] { 0 })]
    [InlineData(new[] { 7, 8 }, new[] { 4 })]
    public void Counts_that_do_not_fit_and_videos_are_refused(int[] ids, int[] counts) =>
        Assert.Throws<ArgumentException>(() => ImagePads.Expand(ids, Image, Video, counts));
}
