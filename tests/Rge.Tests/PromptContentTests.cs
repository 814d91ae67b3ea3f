using System.Globalization;
using System.Text.Json;
using Rge.Imaging;
using Rge.Prompts;

namespace Rge.Tests;

public sealed class PromptContentTests
{
    private static readonly ImageSource[] Images =
    [
        .. Enumerable.Range(0, 2).Select(i => ImageSource.FromPatches(new PatchedImage([i, i, i, i], new ImageGrid(1, 2, 2)))),
    ];

    [Theory]
    [InlineData(0, null, "red\n", "red\n")]
    [InlineData(0, null, "red", "red\n")]
    [InlineData(0, null, " ", " \n")]
    [InlineData(0, "Find:", "red\n", "Find: red\n")]
    [InlineData(0, "Find:", null, "Find:\n")]
    [InlineData(1, "Find:", "red\n", "[0] Find: red\n")]
    [InlineData(1, "Find:", null, "[0] Find:\n")]
    [InlineData(1, null, null, "[0] \n")]
    [InlineData(1, null, " ", "[0]  \n")]
    [InlineData(2, null, "What changed?\n", "[0] [1] What changed?\n")]
    [InlineData(2, "Say:", " What changed?\n", "[0] [1] Say:  What changed?\n")]
    [InlineData(0, null, "<|image_one|>", "<|image_one|>\n")]
    [InlineData(0, null, "<|image_1|> A word\n", "<|image_1|> A word\n")]
    [InlineData(1, null, "<|image_1|> Find\n", "[0] <|image_1|> Find\n")]
    [InlineData(1, "<|image_1|>:", "<|image_2|>", "[0] <|image_1|>: <|image_2|>\n")]
    public void Images_stand_in_front_of_a_text_whatever_it_says(int images, string? instruction, string? text, string expected)
    {
        var item = new EmbeddingInput
        {
            Instruction = instruction,
            Text = text,
            Images = Images[..images],
        };
        Assert.Equal((text, images), (item.Text, item.Images.Count));
        Assert.Equal(expected, Laid(item));
        Assert.Equal(
            item,
            new EmbeddingInput
            {
                Instruction = instruction,
                Images = Images[..images],
                Text = text,
            }
        );
    }

    [Theory]
    [InlineData("0/\nFind\n", null, "[0]\nFind\n")]
    [InlineData("Look at /0/. What?\n", null, "Look at [0]. What?\n")]
    [InlineData("0/0", null, "[0][0]\n")]
    [InlineData("1/ against /0", null, "[1] against [0]\n")]
    [InlineData("1/ against /0", "Find:", "Find: [1] against [0]\n")]
    [InlineData("0/\nFind", "Say:", "[0] Say: \nFind\n")]
    [InlineData("a/b//c", null, "abc\n")]
    [InlineData("0/a <|image_2|>/1", null, "[0]a <|image_2|>[1]\n")]
    public void Parts_stand_as_they_are_given(string parts, string? instruction, string expected)
    {
        ContentPart[] content = [.. parts.Split('/').SelectMany(Part)];
        Assert.Equal(expected, Laid(new EmbeddingInput { Content = content, Instruction = instruction }));

        static ContentPart[] Part(string part) => part is "0" or "1" ? [new ImagePart(Images[part[0] - '0'])] : [new TextPart(part)];
    }

    [Fact]
    public void Items_are_equal_where_their_parts_are()
    {
        var (image, other) = (new ImagePart(Images[0]), new ImagePart(Images[1]));
        EmbeddingInput[] different =
        [
            Of(image, new TextPart(" a")),
            Of(new TextPart("a "), image),
            Of(image, other),
            Of(other, image),
            Of(image),
            Of(new TextPart("<|image_1|> a")),
            Of(image, new TextPart("a")),
            Of(image, image, new TextPart(" a")),
        ];
        Assert.Equal(different.Length, different.Distinct().Count());
        Assert.Equal(different[0], EmbeddingInput.Query("a", Images[0]));
        Assert.Equal(different[0], Of(image, new TextPart(" "), new TextPart(""), new TextPart("a")));
        Assert.Equal(different[0].GetHashCode(), EmbeddingInput.Query("a", Images[0]).GetHashCode());
        Assert.Equal(different.Length, different.Select(item => JsonSerializer.Serialize(item)).Distinct().Count());

        static EmbeddingInput Of(params ContentPart[] parts) => new() { Content = parts };
    }

    [Theory]
    [InlineData("""{"text": "a"}""")]
    [InlineData("""{"Content": [{"Text": "a"}]}""")]
    public void Texts_are_read_from_json(string json) =>
        Assert.Equal(EmbeddingInput.Query("a"), JsonSerializer.Deserialize<EmbeddingInput>(json));

    [Fact]
    public void An_item_without_images_goes_through_json()
    {
        var item = EmbeddingInput.Target("<|image_1|>") with
        {
            Instruction = "i",
            Reasoning = ReasoningMode.On,
            Rationale = "r",
            AllowSpecialTokens = true,
        };
        Assert.Equal(item, JsonSerializer.Deserialize<EmbeddingInput>(JsonSerializer.Serialize(item)));
    }

    [Fact]
    public void An_empty_item_is_refused() => Assert.Throws<EmbeddingException>(() => PromptContent.Create(EmbeddingInput.Query("")));

    private static string Laid(EmbeddingInput item)
    {
        var parts = PromptContent.Create(item);
        Assert.All(parts.Zip(parts.Skip(1)), pair => Assert.False(pair.First is TextPart && pair.Second is TextPart));
        Assert.All(parts.OfType<TextPart>(), part => Assert.NotEmpty(part.Text));
        return string.Concat(
            parts.Select(part =>
                part is TextPart text
                    ? text.Text
                    : string.Create(CultureInfo.InvariantCulture, $"[{Array.IndexOf(Images, ((ImagePart)part).Source)}]")
            )
        );
    }
}
