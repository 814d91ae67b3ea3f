using System.Text;
using CsCheck;
using Rge.Tests.Shared;

namespace Rge.Text.Tests;

public sealed class QwenTokenizerTests
{
    private static readonly QwenTokenizer Tiny = TinyTokenizer.Load();

    /// <summary>Text of words, blanks, letters of many scripts, marks, emoji and halves of surrogate pairs.</summary>
    public static readonly Gen<string> AnyText = Gen.OneOf(
            Gen.OneOf<string>(
                "the",
                " then",
                "image",
                " a",
                "'s",
                "'S",
                "\n\n",
                "  ",
                " ",
                "\t\r\n",
                "xxxxxxxx",
                "国",
                "é",
                "e\u0301",
                "\U0001D4B3",
                "🙂",
                "1²",
                "\u017F",
                "<|im"
            ),
            Gen.Char.Select(c => c.ToString()),
            Gen.Char['\u0300', '\u036F'].Select(c => c.ToString())
        )
        .List[0, 20]
        .Select(string.Concat);

    [Fact]
    public void Control_tokens_typed_by_a_user_are_plain_text()
    {
        var typed = Tiny.Encode("<|im_end|>");
        Assert.DoesNotContain(Tiny.SpecialTokens["<|im_end|>"], typed);
        Assert.Equal("<|im_end|>", Tiny.Decode(typed, skipSpecialTokens: true));
        Assert.Equal([Tiny.SpecialTokens["<|im_end|>"]], Tiny.Encode("<|im_end|>", allowSpecialTokens: true));
    }

    [Fact]
    public void The_longest_of_several_tokens_is_found()
    {
        var tokenizer = Tiny.WithToken("<a").WithToken("<a><b").WithToken("<a>");
        Assert.Equal(
            [tokenizer.SpecialTokens["<a>"], .. tokenizer.Encode("<c"), tokenizer.SpecialTokens["<a><b"]],
            tokenizer.Encode("<a><c<a><b", allowSpecialTokens: true)
        );
    }

    [Fact]
    public void A_new_token_takes_the_next_id_and_leaves_the_first_tokenizer_alone()
    {
        var more = Tiny.WithToken("<think>");
        Assert.Equal(Tiny.VocabularySize, more.SpecialTokens["<think>"]);
        Assert.Equal(Tiny.VocabularySize + 1, more.VocabularySize);
        Assert.False(Tiny.TryGetToken("<think>", out _));
        Assert.Same(more, more.WithToken("<think>"));
    }

    [Fact]
    public void An_ordinary_token_made_special_keeps_its_id()
    {
        Assert.True(Tiny.TryGetToken("the", out var id));
        var special = Tiny.WithToken("the");
        Assert.Equal(id, special.SpecialTokens["the"]);
        Assert.Equal(Tiny.VocabularySize, special.VocabularySize);
        Assert.Equal([.. special.Encode("x"), id, .. special.Encode("n")], special.Encode("xthen", allowSpecialTokens: true));
    }

    [Fact]
    public void Tokens_are_found_by_spelling_and_by_id()
    {
        Assert.True(Tiny.TryGetToken("Ġthe", out var id));
        Assert.Equal("Ġthe", Tiny.Token(id));
        Assert.Equal("<emb>", Tiny.Token(Tiny.SpecialTokens["<emb>"]));
        Assert.Throws<ArgumentOutOfRangeException>(() => Tiny.Token(Tiny.VocabularySize));
        Assert.Throws<ArgumentOutOfRangeException>(() => Tiny.Token(-1));
    }

    [Fact]
    public void Ids_that_no_token_has_decode_to_nothing() =>
        Assert.Equal("the", Tiny.Decode([-1, .. Tiny.Encode("the"), Tiny.VocabularySize, int.MaxValue]));

    [Fact]
    public void Control_tokens_are_left_out_on_request()
    {
        var ids = Tiny.Encode("the<|im_end|>\n<emb>", allowSpecialTokens: true);
        Assert.Equal("the<|im_end|>\n<emb>", Tiny.Decode(ids));
        Assert.Equal("the\n", Tiny.Decode(ids, skipSpecialTokens: true));
    }

    [Fact]
    public void Text_is_composed_before_it_is_encoded()
    {
        Assert.Equal(Tiny.Encode("caf\u00E9"), Tiny.Encode("cafe\u0301"));
        // A token is looked for before that: the mark would make one character of it and the bracket.
        Assert.Equal(Tiny.SpecialTokens["<emb>"], Tiny.Encode("<emb>\u0338", allowSpecialTokens: true)[0]);
    }

    [Fact]
    public void Half_a_surrogate_pair_counts_as_the_replacement_character() =>
        Assert.Equal(Tiny.Encode("a\uFFFDb"), Tiny.Encode("a\uD83Db"));

    [Fact]
    public void Empty_text_has_no_ids()
    {
        Assert.Empty(Tiny.Encode(""));
        Assert.Empty(Tiny.Decode([]));
    }

    [Fact]
    public void Text_survives_encoding_and_decoding() =>
        AnyText.Sample(text => Tiny.Decode(Tiny.Encode(text)) == Nfc.Normalize(Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text))));

    [Fact]
    public void Many_threads_get_the_same_ids()
    {
        var texts = Enumerable.Range(0, 400).Select(i => $"the image {i % 37} then 国é{new string('x', i)}").ToArray();
        var alone = texts.Select(text => Tiny.Encode(text)).ToArray();
        var together = new int[texts.Length][];
        Parallel.For(0, texts.Length, i => together[i] = Tiny.Encode(texts[i]));
        Assert.Equal(alone, together);
    }

    [Theory]
    [InlineData("x", 12_500)]
    [InlineData(" ", 50_000)]
    [InlineData("国", 100_000)]
    [InlineData("🙂", 200_000)]
    [InlineData("1", 100_000)]
    [InlineData("\n", 50_000)]
    [InlineData("<|im_end", 87_500)]
    public void Hundred_thousand_characters_of_one_kind_are_encoded(string unit, int expected)
    {
        var text = string.Concat(Enumerable.Repeat(unit, 100_000 / unit.Length));
        var ids = Tiny.Encode(text, allowSpecialTokens: true);
        Assert.Equal(expected, ids.Length);
        Assert.Equal(text, Tiny.Decode(ids));
    }

    [Fact]
    public void Loading_a_folder_without_a_tokenizer_says_what_was_expected()
    {
        using var folder = new ScratchFolder();
        var error = Assert.Throws<CheckpointException>(() => QwenTokenizer.Load(folder.Path));
        Assert.Contains("tokenizer.json", error.Message, StringComparison.Ordinal);
        Assert.Throws<CheckpointException>(() => QwenTokenizer.Load(folder["missing"]));
        Assert.Throws<CheckpointException>(() => QwenTokenizer.ReadSpecialTokens(folder["missing"]));
    }

    [Fact]
    public void Saving_an_unchanged_tokenizer_copies_its_files()
    {
        using var source = new ScratchFolder();
        using var target = new ScratchFolder();
        source.WithTokenizer().With("tokenizer_config.json", """{"eos_token": "<|im_end|>"}""").With("weights.bin", "0");
        QwenTokenizer.Load(source.Path).Save(target.Path);
        Assert.Equal(["tokenizer.json", "tokenizer_config.json"], Names(target));
        Assert.Equal(File.ReadAllBytes(source["tokenizer.json"]), File.ReadAllBytes(target["tokenizer.json"]));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Saving_a_changed_tokenizer_keeps_the_new_token(bool fromTokenizerJson)
    {
        using var source = new ScratchFolder();
        using var target = new ScratchFolder();
        source.With(
            "tokenizer_config.json",
            """{"added_tokens_decoder": {}, "extra_special_tokens": ["<|im_end|>"], "model_max_length": 5}"""
        );
        if (fromTokenizerJson)
            source.WithTokenizer();
        else
            source.WithVocabulary();
        var changed = QwenTokenizer.Load(source.Path).WithToken("<new \"é\">");
        changed.Save(target.Path);

        var loaded = QwenTokenizer.Load(target.Path);
        Assert.Equal(changed.SpecialTokens, loaded.SpecialTokens);
        Assert.Equal(loaded.SpecialTokens, QwenTokenizer.ReadSpecialTokens(target.Path));
        Assert.Equal(changed.Encode("the image<new \"é\"> x'S", true), loaded.Encode("the image<new \"é\"> x'S", true));
        var config = File.ReadAllText(target["tokenizer_config.json"]);
        Assert.Contains("model_max_length", config, StringComparison.Ordinal);
        Assert.Equal(3, config.Split("<new \\\"é\\\">").Length);
        Assert.DoesNotContain(Names(target), name => name.EndsWith(".part", StringComparison.Ordinal));
    }

    [Fact]
    public void Saving_over_itself_is_possible()
    {
        using var folder = new ScratchFolder();
        var tokenizer = QwenTokenizer.Load(folder.WithTokenizer().Path);
        tokenizer.Save(folder.Path);
        tokenizer.WithToken("<new>").Save(folder.Path);
        Assert.True(QwenTokenizer.Load(folder.Path).TryGetToken("<new>", out _));
    }

    private static string[] Names(ScratchFolder folder) =>
        [.. Directory.GetFiles(folder.Path).Select(path => Path.GetFileName(path)!).Order(StringComparer.Ordinal)];
}
