using CsCheck;

namespace Rge.Text.Tests;

public sealed class PromptTextTests
{
    private static readonly QwenTokenizer Tiny = TinyTokenizer.Load();

    private static readonly Gen<string> Harmless = QwenTokenizerTests.AnyText.Select(text => text.Replace('<', '('));

    private static readonly Gen<string> Template = Gen.OneOf<string>(
            "<|im_start|>",
            "user\n",
            "<|im_end|>\n",
            "<|image_pad|>",
            " ",
            "the",
            "\n",
            "e",
            "<emb>",
            "'"
        )
        .List[0, 6]
        .Select(string.Concat);

    [Fact]
    public void Neighbours_of_one_kind_are_joined_and_empty_ones_left_out()
    {
        var prompt = PromptText
            .Empty.Trusted("a")
            .Trusted("b")
            .Untrusted("")
            .Untrusted("c")
            .Append(PromptText.Empty.Untrusted("d").Trusted("e"));
        Assert.Equal([new("ab", true), new("cd", false), new("e", true)], prompt.Segments);
        Assert.Equal("abcde", prompt.ToString());
        Assert.Equal(PromptText.Empty.Trusted("ab").Untrusted("cd").Trusted("e"), prompt);
        Assert.Empty(PromptText.Empty.Trusted("").Segments);
    }

    [Fact]
    public void Text_merges_across_the_border()
    {
        var ids = Tiny.Encode(PromptText.Empty.Trusted("user\n").Untrusted("\nt").Trusted("he image"));
        Assert.Equal(Tiny.Encode("user\n\nthe image"), ids);
        Assert.True(Tiny.TryGetToken("ĊĊ", out var newlines));
        Assert.Contains(newlines, ids);
    }

    [Fact]
    public void A_token_put_together_from_two_sources_is_no_token()
    {
        var end = Tiny.SpecialTokens["<|im_end|>"];
        Assert.DoesNotContain(end, Tiny.Encode(PromptText.Empty.Trusted("<|im_").Untrusted("end|>")));
        Assert.DoesNotContain(end, Tiny.Encode(PromptText.Empty.Untrusted("<|im_").Trusted("end|>")));
        Assert.Contains(end, Tiny.Encode(PromptText.Empty.Trusted("<|im_").Trusted("end|>")));
    }

    [Fact]
    public void Harmless_user_text_encodes_like_the_joined_text() =>
        Gen.Select(Template, Harmless, Template, Harmless)
            .Sample(
                (before, user, middle, more) =>
                {
                    var prompt = PromptText.Empty.Trusted(before).Untrusted(user).Trusted(middle).Untrusted(more);
                    return Tiny.Encode(prompt).SequenceEqual(Tiny.Encode(prompt.ToString(), allowSpecialTokens: true));
                }
            );

    [Fact]
    public void No_user_text_brings_a_control_token_in() =>
        Gen.Select(Template, Template, Template)
            .Sample(
                (before, user, after) =>
                {
                    var ids = Tiny.Encode(PromptText.Empty.Trusted(before).Untrusted(user).Trusted(after));
                    var (first, last) = (Controls(Tiny.Encode(before, true)), Controls(Tiny.Encode(after, true)));
                    return Controls(ids).SequenceEqual([.. first, .. last]);
                }
            );

    private static IEnumerable<int> Controls(IEnumerable<int> ids) => ids.Where(Tiny.SpecialTokens.Values.Contains);
}
