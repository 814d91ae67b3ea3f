using CsCheck;

namespace Rge.Text.Tests;

public sealed class WordSplitterTests
{
    private static readonly WordSplitter Qwen = new(WordSplitter.QwenPattern);

    [Theory]
    [InlineData("Hello, world!", "Hello|,| world|!")]
    [InlineData("I'm they'LL 's", "I|'m| they|'LL| '|s")]
    [InlineData("a  b", "a| | b")]
    [InlineData("12³", "1|2|³")]
    [InlineData("x \n\n y", "x| \n\n| y")]
    [InlineData("end.\n\nNext", "end|.\n\n|Next")]
    [InlineData("tail  ", "tail|  ")]
    [InlineData("a\U0001D4B3\U0001D4B4b", "a\U0001D4B3\U0001D4B4b")] // letters beyond the first plane are letters
    [InlineData("a\U0001D7D8\U0001D7D9", "a|\U0001D7D8|\U0001D7D9")] // and digits digits
    [InlineData("a🙂b🙂🙂 c", "a|🙂b|🙂🙂| c")] // one symbol belongs to the word after it, several do not
    [InlineData("it'\u017Fa", "it|'\u017F|a")] // long s equals s where case is ignored
    public void Words_are_cut_as_by_the_reference(string text, string expected) =>
        Assert.Equal(expected, string.Join('|', Words(Qwen, text)));

    [Theory]
    [InlineData("हिन्दी में", "हिन्दी| में", "ह|िन|्द|ी| म|ें")]
    [InlineData("ab\u0301! \u0301\u0301", "ab\u0301|!| \u0301\u0301", "ab|\u0301!| \u0301\u0301")]
    [InlineData("a\U0001D165b", "a\U0001D165b", "a|\U0001D165b")] // marks beyond the first plane are marks
    public void Qwen35_keeps_marks_with_their_letters(string text, string expected, string before)
    {
        Assert.Equal(expected, string.Join('|', Words(new WordSplitter(WordSplitter.Qwen35Pattern), text)));
        Assert.Equal(before, string.Join('|', Words(Qwen, text)));
    }

    [Fact]
    public void Words_joined_are_the_text() => QwenTokenizerTests.AnyText.Sample(text => string.Concat(Words(Qwen, text)) == text);

    [Fact]
    public void What_the_pattern_does_not_match_is_a_word_too() => Assert.Equal(["ab", "1", "c"], Words(new WordSplitter(@"\d"), "ab1c"));

    [Fact]
    public void A_pattern_that_explodes_is_stopped()
    {
        var splitter = new WordSplitter("(a+)+!", TimeSpan.FromMilliseconds(50));
        Assert.Throws<CheckpointException>(() => Words(splitter, new string('a', 5000)));
    }

    [Theory]
    [InlineData("(")]
    [InlineData("[z-a]")]
    public void A_broken_pattern_is_refused(string pattern) => Assert.ThrowsAny<ArgumentException>(() => new WordSplitter(pattern));

    private static List<string> Words(WordSplitter splitter, string text)
    {
        var words = new List<string>();
        splitter.Split(text, (start, length) => words.Add(text.Substring(start, length)));
        return words;
    }
}
