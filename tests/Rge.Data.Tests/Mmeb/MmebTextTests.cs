using Rge.Data.Mmeb;

namespace Rge.Data.Tests.Mmeb;

public sealed class MmebTextTests
{
    [Theory]
    [InlineData("<|image_1|>\nDescribe it", "<|image_1|>\nDescribe it")]
    [InlineData("<image>\nDescribe it", "<|image_1|>\nDescribe it")]
    [InlineData("<|image_pad|> Describe it", "<|image_1|> Describe it")]
    [InlineData("<|vision_start|><|image_pad|><|image_pad|><|vision_end|>it", "<|image_1|>it")]
    [InlineData("<image> and <image>", "<|image_1|> and ")]
    [InlineData("<|image_1|> and <image>", "<|image_1|> and ")]
    [InlineData("a < image > b", "a < image > b")]
    [InlineData("", "")]
    public void Marks_of_pictures_are_written_one_way(string text, string normal) => Assert.Equal(normal, MmebText.Normalise(text));
}
