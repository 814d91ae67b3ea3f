namespace Rge.Oracle.Tests;

public sealed class RationaleRulesTests
{
    private const string Good = "The picture shows a red bus on a wet street. It is asked for what carries people. So the answer is a bus.";

    [Fact]
    public void A_good_rationale_passes() => Assert.Null(new RationaleRules().Check(Good, "a bus"));

    [Theory]
    [InlineData("", "empty")]
    [InlineData(" .\n— ", "empty")]
    [InlineData("<|im_start|>assistant " + Good, "special token")]
    [InlineData("<think>Hmm.</think> " + Good, "special token")]
    [InlineData(Good + "</s>", "special token")]
    [InlineData(Good + " <EMB>", "special token")]
    [InlineData("[INST] " + Good, "special token")]
    [InlineData("```\n" + Good + "\n```", "special token")]
    [InlineData(Good + " <mine>", "special token")]
    [InlineData("图片里有一辆红色的公共汽车停在湿漉漉的街道上。问题问的是什么载人。So: bus", "language")]
    [InlineData("На картинке красный автобус на мокрой улице. Спрашивается, что возит людей. Итак, автобус.", "language")]
    [InlineData("a bus", "copy of the target")]
    [InlineData("So: a BUS.", "too short")]
    [InlineData("It is a bus, so a bus.", "too short")]
    [InlineData("The picture shows a red bus on a wet street. It is asked for what carries people. The answer is a bus.", "no conclusion")]
    [InlineData("The picture shows a red sofa on a wet street. It is asked for what people sit on, also at home. A sofa.", "no conclusion")]
    public void The_first_broken_rule_is_named(string rationale, string reason) =>
        Assert.Equal(reason, (new RationaleRules { SpecialTokens = ["<mine>"] }).Check(rationale, "a bus")?.Reason);

    [Fact]
    public void Length_is_bounded_in_words_on_both_sides()
    {
        var rules = new RationaleRules { MinWords = 5, MaxWords = 10 };
        Assert.Equal(
            [false, true, true, false],
            ((int[])[4, 5, 10, 11]).Select(count =>
                rules.Check(string.Join(' ', Enumerable.Repeat("word", count - 1).Append("so")), null) is null
            )
        );
    }

    [Fact]
    public void Other_languages_of_latin_letters_pass_and_the_share_can_be_changed()
    {
        Assert.Null(new RationaleRules().Check("Das Bild zeigt ein großes Fähnchen über Wasser, so ist es ein Schiff.", null));
        Assert.Null(new RationaleRules { MinLatinShare = 0 }.Check("На картинке красный автобус на мокрой улице, so it is автобус", null));
    }

    [Fact]
    public void A_copy_is_known_by_its_words_whatever_their_order()
    {
        var rules = new RationaleRules { MinWords = 1, ConclusionWords = [] };
        Assert.Equal("copy of the target", rules.Check("A wet street with a red bus!", "a red bus, with a wet street")?.Reason);
        // A word that the target has once is copied once.
        Assert.Null(rules.Check("bus bus bus bus", "bus"));
        Assert.Equal("copy of the target", rules.Check("a red bus on a wet street so", "a red bus on a wet street")?.Reason);
        Assert.Null(rules.Check("a red bus on a wet street so", null));
    }

    [Fact]
    public void A_conclusion_stands_near_the_end()
    {
        var early = "So " + string.Join(' ', Enumerable.Repeat("word", 40));
        Assert.Equal("no conclusion", new RationaleRules().Check(early, null)?.Reason);
        Assert.Null(new RationaleRules().Check(early + " therefore it.", null));
        Assert.Null(new RationaleRules { ConclusionWords = [] }.Check(early, null));
    }

    [Fact]
    public void Line_breaks_become_blanks() => Assert.Equal("a b c d", RationaleRules.Normalize(" a\r\n\r\nb  c\td\n"));
}
