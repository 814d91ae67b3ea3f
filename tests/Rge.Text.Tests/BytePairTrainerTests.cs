using Rge.Tests.Shared;

namespace Rge.Text.Tests;

public sealed class BytePairTrainerTests
{
    [Fact]
    public void The_commonest_pair_merges_first() =>
        Assert.Equal([("a", "b"), ("ab", "c"), ("Ġ", "abc")], Learn(10, ("abc", 5), ("ab", 3), (" abc", 1)));

    [Fact]
    public void Equal_counts_are_decided_by_spelling() => Assert.Equal([("a", "z"), ("b", "y")], Learn(10, ("by", 2), ("az", 2)));

    [Fact]
    public void Repeated_letters_merge_from_the_left() => Assert.Equal([("a", "a"), ("aa", "a"), ("aa", "aaa")], Learn(10, ("aaaaa", 1)));

    [Fact]
    public void Learning_stops_at_the_limit_and_where_nothing_is_left()
    {
        Assert.Single(Learn(1, ("abc", 1)));
        Assert.Empty(Learn(5, ("a", 7), ("b", 0)));
    }

    [Fact]
    public void Words_beyond_ascii_are_learned_from_their_bytes() => Assert.Equal([("Ã", "¼")], Learn(10, ("ü", 1)));

    [Fact]
    public void Words_are_encoded_as_they_were_learned()
    {
        using var folder = new ScratchFolder();
        BytePairFiles.Write(folder.Path, Learn(100, ("north", 3), ("northeast", 1), (" north", 1), ("east", 2)));
        var tokenizer = QwenTokenizer.Load(folder.Path);
        Assert.All((string[])["north", "northeast", " north", "east"], word => Assert.Single(tokenizer.Encode(word)));
    }

    private static IReadOnlyList<(string Left, string Right)> Learn(int merges, params (string Word, long Count)[] words) =>
        BytePairTrainer.Learn(words.ToDictionary(word => word.Word, word => word.Count), merges);
}
