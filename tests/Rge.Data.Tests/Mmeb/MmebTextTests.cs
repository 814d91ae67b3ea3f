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
    public void Marks_of_images_are_written_one_way(string text, string normal) => Assert.Equal(normal, MmebText.Normalize(text));

    [Theory]
    [InlineData("<|image_1|>\nDescribe it", "[]|\nDescribe it", "<|image_1|>\nDescribe it")]
    [InlineData("Look at <|image_1|>.", "Look at |[]|.", "Look at <|image_1|>.")]
    [InlineData("<|image_1|><|image_1|>", "[]|[]", "<|image_1|><|image_1|>")]
    [InlineData("Describe it", "[]| Describe it", "<|image_1|> Describe it")]
    [InlineData("<|image_1|> Describe it", "[]| Describe it", "<|image_1|> Describe it")]
    [InlineData("<|image_2|> it", "[]| <|image_2|> it", "<|image_1|> <|image_2|> it")]
    [InlineData(null, "[]| ", "<|image_1|>")]
    public void The_image_stands_at_its_mark(string? text, string expected, string written)
    {
        var item = new EmbeddingInput { Content = MmebText.Read(text, ImageSource.FromBytes(new byte[] { 1 })) };
        Assert.Equal(expected, Shown(item));
        Assert.Equal(written, MmebText.Write(item));
    }

    [Theory]
    [InlineData("<|image_1|> A word\n", " A word\n")]
    [InlineData("<|image_2|>A<|image_1|>", "A")]
    [InlineData("<|image_1|>", "\n")]
    [InlineData(null, "")]
    public void Without_an_image_marks_are_left_out(string? text, string expected) =>
        Assert.Equal(expected, Shown(new EmbeddingInput { Content = MmebText.Read(text, image: null) }));

    private static string Shown(EmbeddingInput item) =>
        string.Join('|', item.Content.Select(part => part is TextPart text ? text.Text : "[]"));
}
