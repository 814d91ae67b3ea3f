using Rge.Imaging;
using Rge.Models.Inputs;
using Rge.Tests.Shared;

namespace Rge.Models.Tests;

public sealed class MropePositionsTests
{
    private static readonly QwenVlConfig Config = TinyModel.Config(ModelFamily.Qwen25Vl);

    [Fact]
    public void Text_counts_up_on_all_axes()
    {
        var positions = MropePositions.Compute([1, 2, 3], [], Config, first: 5);
        Assert.Equal([5, 6, 7], positions.Time);
        Assert.Equal(positions.Time, positions.Height);
        Assert.Equal(positions.Time, positions.Width);
        Assert.Equal(8, positions.Next);
    }

    [Fact]
    public void An_image_spreads_over_height_and_width_and_text_continues_after_its_longer_side()
    {
        const int Image = TinyModel.ImageToken;
        var positions = MropePositions.Compute([1, 88, Image, Image, Image, Image, Image, Image, 89, 2], [new ImageGrid(1, 4, 6)], Config);
        Assert.Equal([0, 1, 2, 2, 2, 2, 2, 2, 5, 6], positions.Time);
        Assert.Equal([0, 1, 2, 2, 2, 3, 3, 3, 5, 6], positions.Height);
        Assert.Equal([0, 1, 2, 3, 4, 2, 3, 4, 5, 6], positions.Width);
        Assert.Equal(7, positions.Next);
    }

    [Fact]
    public void Image_tokens_that_no_vision_start_announces_advance_like_text()
    {
        var positions = MropePositions.Compute(
            [TinyModel.ImageToken, TinyModel.ImageToken, TinyModel.ImageToken, TinyModel.ImageToken, 1],
            [new ImageGrid(1, 4, 4)],
            Config
        );
        Assert.Equal([0, 1, 2, 3, 4], positions.Time);
        Assert.Equal([0, 1, 2, 3, 4], positions.Height);
        Assert.Equal([0, 1, 2, 3, 4], positions.Width);
        Assert.Equal(5, positions.Next);
    }

    [Theory]
    [InlineData(3, "has 4 merged patches, but 3 image tokens")]
    [InlineData(5, "only 1 images were given")]
    [InlineData(0, "has places for 0")]
    public void A_prompt_that_does_not_fit_its_images_is_refused(int imageTokens, string message)
    {
        int[] tokens = [1, .. Enumerable.Repeat(TinyModel.ImageToken, imageTokens), 2];
        var error = Assert.Throws<ArgumentException>(() => MropePositions.Compute(tokens, [new ImageGrid(1, 4, 4)], Config));
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_video_token_is_refused() =>
        Assert.Contains(
            "videos are not supported",
            Assert.Throws<ArgumentException>(() => MropePositions.Compute([91], [], Config)).Message,
            StringComparison.Ordinal
        );
}
