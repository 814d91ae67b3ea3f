using Microsoft.Extensions.AI;
using Rge.Data;
using Rge.Tests.Shared.Oracle;

namespace Rge.Oracle.Tests;

public sealed class OraclePromptTests
{
    [Fact]
    public void Instruction_text_and_image_stand_where_the_marks_are()
    {
        var image = ImageSource.FromPixels(OracleData.Image(2, 2));
        var query = new EmbeddingInput
        {
            Content = [new TextPart("which "), new ImagePart(image), new TextPart(" is it?")],
            Instruction = "Say",
        };
        Assert.Equal(
            "Q: Say which [picture] is it? T: it is {query} R.",
            Fill("Q: {query} T: {target} R.", query, EmbeddingInput.Target("it is {query}\n"))
        );
        Assert.Equal(
            "a red thing / [picture]\n",
            Fill("{query} / {target}\n", EmbeddingInput.Query("a red thing"), EmbeddingInput.Target(null, image))
        );
    }

    [Fact]
    public void The_prompt_of_its_own_says_both_and_asks_for_a_conclusion()
    {
        var text = Fill(OraclePrompt.Default.Text, EmbeddingInput.Query(" the query"), EmbeddingInput.Target("the target"));
        Assert.Contains("Query:\n the query\n\nItem to be found:\nthe target\n\n", text, StringComparison.Ordinal);
        Assert.Contains("\"So\"", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{query}", "does not say {target}")]
    [InlineData("{target} {Query}", "does not say {query}")]
    public void A_prompt_without_a_mark_is_refused(string text, string message) =>
        Assert.Contains(message, Assert.Throws<OracleException>(() => OraclePrompt.Parse(text, "p.txt")).Message, StringComparison.Ordinal);

    [Fact]
    public void A_mark_in_a_text_is_text() =>
        Assert.Equal(
            "[picture] <|image_2|>t",
            Fill(
                "{query}{target}",
                EmbeddingInput.Query("<|image_2|>", ImageSource.FromPixels(OracleData.Image(2, 2))),
                EmbeddingInput.Target("t")
            )
        );

    private static string Fill(string prompt, EmbeddingInput query, EmbeddingInput target)
    {
        var sample = new TrainingSample
        {
            Dataset = "d",
            Source = "s",
            Query = query,
            Targets = [new TargetItem(target, "k")],
        };
        var message = OraclePrompt.Parse(prompt, "test").Fill(sample, _ => new DataContent(new byte[] { 1 }, "image/png"));
        return string.Concat(message.Contents.Select(content => content is TextContent text ? text.Text : "[picture]"));
    }
}
