using Rge.Imaging;
using Rge.Prompts;

namespace Rge.Tests;

public sealed class PromptContentTests
{
    private static readonly ImageSource Image = ImageSource.FromPatches(new PatchedImage(new float[4], new ImageGrid(1, 2, 2)));

    [Theory]
    [InlineData(0, null, "red\n", "red\n")]
    [InlineData(0, null, "red", "red\n")]
    [InlineData(0, "Find:", "red\n", "Find: red\n")]
    [InlineData(0, "Find:", null, "Find:\n")]
    [InlineData(1, "Find:", "red\n", "[0] Find: red\n")]
    [InlineData(1, null, null, "[0] \n")]
    [InlineData(1, null, "<|image_1|> Find\n", "[0] Find\n")]
    [InlineData(1, "Look at <|image_1|>.", "What?\n", "Look at [0]. What?\n")]
    [InlineData(1, null, "<|image_1|><|image_1|>", "[0][0]\n")]
    [InlineData(2, null, "What changed?\n", "[0] [1] What changed?\n")]
    [InlineData(2, null, "<|image_2|> against <|image_1|>", "[1] against [0]\n")]
    [InlineData(2, null, "then <|image_2|>!", "[0] then [1]!\n")]
    [InlineData(0, null, "<|image_1|> A word\n", " A word\n")]
    [InlineData(0, null, "<|image_one|>", "<|image_one|>\n")]
    public void Images_stand_where_the_text_says_and_else_in_front(int images, string? instruction, string? text, string expected)
    {
        var parts = PromptContent.Of(new EmbeddingInput { Instruction = instruction, Text = text, Images = [.. Enumerable.Repeat(Image, images)] });
        Assert.Equal(expected, string.Concat(parts.Select(part => part.Image is { } image ? $"[{image}]" : part.Text)));
        Assert.All(parts, part => Assert.Equal(part.Image is null, part.Text.Length > 0));
    }

    [Theory]
    [InlineData("<|image_2|>")]
    [InlineData("<|image_0|>")]
    public void A_mark_of_an_image_that_is_not_there_is_refused(string text)
    {
        var error = Assert.Throws<EmbeddingException>(() => PromptContent.Of(EmbeddingInput.Query(text, Image)));
        Assert.Contains(text, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_empty_item_is_refused() => Assert.Throws<EmbeddingException>(() => PromptContent.Of(EmbeddingInput.Query("")));
}
