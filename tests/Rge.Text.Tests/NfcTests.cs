using CsCheck;

namespace Rge.Text.Tests;

public sealed class NfcTests
{
    [Theory]
    [InlineData("plain", "plain")]
    [InlineData("e\u0301", "\u00E9")]
    [InlineData("\u00E9", "\u00E9")]
    [InlineData("A\u030A\u0301", "\u01FA")]
    [InlineData("a\u0301\u0316", "\u00E1\u0316")] // a mark below does not block one above
    [InlineData("a\u0315\u0300", "\u00E0\u0315")] // marks are put in order first
    [InlineData("a\u0308\u0301", "\u00E4\u0301")] // two marks of one class keep their order, and the second is blocked
    [InlineData("\u212B", "\u00C5")] // Angstrom sign: decomposes only
    [InlineData("\u0344", "\u0308\u0301")]
    [InlineData("\u0958", "\u0915\u093C")] // excluded from composition
    [InlineData("\u1100\u1161", "\uAC00")]
    [InlineData("\uAC00\u11A8", "\uAC01")]
    [InlineData("\u1100\u1161\u11A7", "\uAC00\u11A7")] // the filler is no tail
    [InlineData("\uAC01\u11A8", "\uAC01\u11A8")]
    [InlineData("\u09C7\u09BE", "\u09CB")] // two starters compose
    [InlineData("\U0001D15E", "\U0001D157\U0001D165")]
    [InlineData("\U00011099\U000110BA", "\U0001109A")]
    [InlineData("\uF900", "\u8C48")]
    [InlineData("\u0301e", "\u0301e")]
    [InlineData("\U00011935\U00011930", "\U00011935\U00011930")] // a composition of Unicode 13, which the reference does not know
    public void Known_texts_are_composed(string text, string expected) => Assert.Equal(expected, Nfc.Normalize(text));

    [Fact]
    public void Normalized_text_stays_as_it_is() =>
        QwenTokenizerTests.AnyText.Sample(text =>
        {
            var once = Nfc.Normalize(text);
            return Nfc.Normalize(once) == once;
        });

    [Fact]
    public void Order_of_marks_of_different_classes_does_not_matter() =>
        Gen.Select(Gen.OneOf<char>('a', 'o', 'U', '\u0915'), Gen.Shuffle(new[] { '\u0301', '\u0316', '\u0338', '\u0345' }))
            .Sample((letter, marks) => Nfc.Normalize(letter + new string(marks)) == Nfc.Normalize(letter + "\u0345\u0338\u0316\u0301"));

    [Fact]
    public void A_hundred_thousand_marks_are_put_in_order()
    {
        var text = "a" + string.Concat(Enumerable.Repeat("\u0301\u0316", 50_000));
        Assert.Equal("\u00E1" + new string('\u0316', 50_000) + new string('\u0301', 49_999), Nfc.Normalize(text));
    }
}
