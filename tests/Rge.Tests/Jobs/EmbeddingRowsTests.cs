using Rge.Jobs;

namespace Rge.Tests.Jobs;

public sealed class EmbeddingRowsTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("rge-rows-").FullName;

    [Fact]
    public void Content_keeps_the_order_of_texts_and_images()
    {
        var row = Read(
            """{"id": 7, "content": [{"text": "Left:"}, {"image": "a.png"}, {"text": "right:"}, {"image": "b/b.png"},"""
                + """ {"text": "alike?"}]}"""
        );
        Assert.Null(row.Problem);
        Assert.Equal("7", row.Id);
        Assert.Equal(
            ["Left: ", Path.Combine(_folder, "a.png"), " right: ", Path.Combine(_folder, "b/b.png"), " alike?"],
            row.Item!.Content.Select(part => part is TextPart text ? text.Text : ((ImagePart)part).Source.Name)
        );
    }

    [Fact]
    public void Content_with_images_in_front_is_the_same_item_as_images_and_text()
    {
        EmbeddingInput compact = Read("""{"images": ["a.png"], "image": "b.png", "text": "alike?"}""").Item!;
        EmbeddingInput ordered = Read("""{"content": [{"image": "a.png"}, {"image": "b.png"}, {"text": "alike?"}]}""").Item!;
        Assert.Equal(Shown(compact), Shown(ordered));
        Assert.Equal("alike?", ordered.Text);
        Assert.Equal(2, ordered.Images.Count);

        static IEnumerable<string> Shown(EmbeddingInput item) =>
            item.Content.Select(part => part is TextPart text ? text.Text : Path.GetFileName(((ImagePart)part).Source.Name));
    }

    [Fact]
    public void A_key_follows_the_images_of_the_content()
    {
        const string Row = """{"content": [{"text": "this"}, {"image": "a.png"}]}""";
        var missing = Read(Row).Key;
        File.WriteAllText(Path.Combine(_folder, "a.png"), "a");
        var there = Read(Row).Key;
        Assert.NotEqual(missing, there);
        Assert.Equal(there, Read(Row).Key);
    }

    [Fact]
    public void A_mark_of_an_image_in_a_text_is_text()
    {
        var row = Read("""{"content": [{"text": "<|image_1|>"}, {"image": "a.png"}]}""");
        Assert.Equal("<|image_1|> ", Assert.IsType<TextPart>(row.Item!.Content[0]).Text);
        Assert.Single(row.Item.Images);
    }

    [Theory]
    [InlineData("""{"image": ""}""", "the path of an image is empty")]
    [InlineData("""{"images": ["a.png", ""]}""", "the path of an image is empty (images[1])")]
    [InlineData("""{"images": ["a\u0000.png"]}""", "the path of an image has a character of code 0 (images[0])")]
    [InlineData(
        """{"content": [{"image": "a.png"}, {"text": "or"}, {"image": "http://h/b.png"}]}""",
        "the image is given as 'http://h/b.png', expected the path of a file (content[2].image)"
    )]
    public void An_image_that_is_no_path_is_named_by_its_place(string row, string problem) => Assert.Equal(problem, Read(row).Problem);

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private EmbeddingRow Read(string line)
    {
        var path = Path.Combine(_folder, "rows.jsonl");
        File.WriteAllText(path, line + "\n");
        return Assert.Single(EmbeddingRows.Read(path));
    }
}
