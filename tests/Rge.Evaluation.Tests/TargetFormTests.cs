using Rge.Data;

namespace Rge.Evaluation.Tests;

public sealed class TargetFormTests
{
    [Theory]
    [InlineData("red star", "red star class")]
    [InlineData("red star class", "red star class")]
    public void Words_that_all_wrong_candidates_end_with_are_added(string conclusion, string expected) =>
        Assert.Equal(expected, Form("red star class", "red ring class", "blue star class").Apply(conclusion));

    [Fact]
    public void Words_that_all_wrong_candidates_begin_with_are_added() =>
        Assert.Equal("a photo of a dog outside", Form("x", "a photo of a cat outside", "a photo of an owl outside").Apply("a dog"));

    [Fact]
    public void Nothing_is_taken_from_the_right_candidate() => Assert.Equal("blue", Form("red star class", "red star class").Apply("blue"));

    [Fact]
    public void Every_candidate_keeps_a_word_of_its_own() => Assert.Equal("x b", Form("", "a b", "b", "c b").Apply("x b"));

    [Theory]
    [InlineData("red star", "blue ring")]
    [InlineData("red", "red star")]
    public void Candidates_without_common_words_have_no_form(string one, string other) =>
        Assert.Equal("green", Form("", one, other).Apply("green"));

    [Fact]
    public void Images_have_no_form()
    {
        var image = ImageSource.FromPixels(new Imaging.RgbImage(28, 28, new byte[28 * 28 * 3]));
        var row = Row([.. ((string[])["a x", "b x", "c x"]).Select(text => EmbeddingInput.Target(text, image))]);
        Assert.Equal("green", TargetForm.Of(row).Apply("green"));
    }

    private static TargetForm Form(params string[] candidates) =>
        TargetForm.Of(Row([.. candidates.Select(text => EmbeddingInput.Target(text))]));

    private static EvaluationRow Row(EmbeddingInput[] candidates) =>
        new()
        {
            Source = "a row",
            Query = EmbeddingInput.Query("what is it"),
            Candidates = candidates,
        };
}
