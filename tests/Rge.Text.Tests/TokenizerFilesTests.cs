using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using CsCheck;
using Rge.Tests.Shared;

namespace Rge.Text.Tests;

public sealed class TokenizerFilesTests
{
    [Fact]
    public void Both_layouts_of_merges_give_the_same()
    {
        using var folder = new ScratchFolder();
        using var older = new ScratchFolder();
        var pairs = TokenizerFiles.Read(folder.WithTokenizer().Path);
        var words = TokenizerFiles.Read(
            older
                .WithTokenizer(json => json["model"]!["merges"] = new JsonArray([.. TinyTokenizer.Merges.Select(merge => (JsonNode)merge)]))
                .Path
        );
        Assert.Equal(TinyTokenizer.Merges.Length, pairs.Merges.Count);
        Assert.Equal(pairs.Merges, words.Merges);
        Assert.Equal(WordSplitter.QwenPattern, pairs.Pattern);
        Assert.True(pairs.Normalizes);
    }

    [Fact]
    public void Tokens_come_with_their_ids_from_every_place()
    {
        using var folder = new ScratchFolder();
        var tokens = TokenizerFiles
            .Read(
                folder
                    .WithVocabulary()
                    .With(
                        "tokenizer_config.json",
                        """
                        {"added_tokens_decoder": {"300": {"content": "<|im_end|>", "special": true}, "301": {"content": "<think>", "special": false}},
                         "eos_token": {"content": "<|im_end|>"}, "pad_token": "<pad>", "bos_token": null, "extra_special_tokens": {"image_token": "<|image_pad|>"}}
                        """
                    )
                    .With("added_tokens.json", """{"<think>": 301, "<old>": 299}""")
                    .With("special_tokens_map.json", """{"additional_special_tokens": ["<more>", "<|im_start|>"]}""")
                    .Path
            )
            .AddedTokens;
        Assert.Equal(
            [
                new AddedToken("<old>", 299),
                new AddedToken("<|im_end|>", 300),
                new AddedToken("<think>", 301, Special: false),
                // Tokens without an id: those of the family in their fixed order, then the others as they are listed.
                new AddedToken("<|im_start|>", 302),
                new AddedToken("<|image_pad|>", 303),
                new AddedToken("<pad>", 304),
                new AddedToken("<more>", 305),
            ],
            tokens
        );
    }

    [Fact]
    public void A_folder_that_names_no_tokens_has_the_usual_ones()
    {
        using var folder = new ScratchFolder();
        var tokens = TokenizerFiles.Read(folder.WithVocabulary().Path);
        Assert.Equal(22, tokens.AddedTokens.Count);
        Assert.Equal(new AddedToken("<|endoftext|>", tokens.Vocabulary.Count), tokens.AddedTokens[0]);
    }

    [Fact]
    public void A_named_token_of_the_vocabulary_keeps_its_id()
    {
        using var folder = new ScratchFolder();
        var tokens = TokenizerFiles.Read(folder.WithVocabulary().With("tokenizer_config.json", """{"eos_token": "the"}""").Path);
        Assert.Equal([new AddedToken("the", tokens.Vocabulary["the"])], tokens.AddedTokens);
    }

    public static TheoryData<string, string> Contradictions =>
        new()
        {
            { "\"cc\":99", "0x63" },
            { "\"c\":98", "98" },
            { "\"c\":-1", "-1" },
            { "\"c\":1e9", "1e9" },
            { "\"c\":\"99\"", "expected a whole number" },
            { "\"\":99", "empty token" },
            { "\"\\ud800\":99", "not valid JSON" },
        };

    [Theory]
    [MemberData(nameof(Contradictions))]
    public void A_contradictory_vocabulary_is_refused(string replacement, string shown)
    {
        using var folder = new ScratchFolder();
        folder.WithVocabulary();
        folder.With("vocab.json", File.ReadAllText(folder["vocab.json"]).Replace("\"c\":99", replacement, StringComparison.Ordinal));
        AssertRefused(folder, "vocab.json", shown);
    }

    [Theory]
    [InlineData("t", "line 3")]
    [InlineData("t h e", "not a pair")]
    [InlineData("tt h", "starts with")]
    [InlineData("t hh", "ends with")]
    [InlineData("t e", "makes")]
    [InlineData("Ġ Ġ", "twice")]
    public void A_broken_merge_is_refused_with_its_line(string merge, string shown)
    {
        using var folder = new ScratchFolder();
        AssertRefused(folder.WithVocabulary().With("merges.txt", $"#version: 0.2\nĠ Ġ\n{merge}\n"), "merges.txt, line 3", shown);
    }

    [Theory]
    [InlineData("""{"added_tokens_decoder": {"5": {"content": "<a>"}}}""", "has already")]
    [InlineData("""{"added_tokens_decoder": {"900": {"content": "<a>"}, "901": {"content": "<a>"}}}""", "elsewhere 900")]
    [InlineData("""{"added_tokens_decoder": {"x": {"content": "<a>"}}}""", "expected a token id")]
    [InlineData("""{"added_tokens_decoder": {"900": {"content": "<a>", "lstrip": true}}}""", "lstrip")]
    [InlineData("""{"added_tokens_decoder": {"900": {"content": ""}}}""", "0 characters")]
    [InlineData("""{"added_tokens_decoder": []}""", "expected an object")]
    [InlineData("""{"eos_token": 5}""", "eos_token")]
    [InlineData("""{"extra_special_tokens": [[]]}""", "extra_special_tokens[0]")]
    [InlineData("[]", "top level")]
    public void Contradictory_added_tokens_are_refused(string config, string shown)
    {
        using var folder = new ScratchFolder();
        AssertRefused(folder.WithVocabulary().With("tokenizer_config.json", config), "tokenizer_config.json", shown);
    }

    public static TheoryData<string, string, string> Unsupported =>
        new()
        {
            { "/model/type", "\"WordPiece\"", "expected" },
            { "/model/unk_token", "\"<unk>\"", "expected" },
            { "/model/byte_fallback", "true", "expected" },
            { "/model/merges/0", "[\"a\"]", "not a pair" },
            { "/model/vocab", "[]", "expected" },
            { "/normalizer/type", "\"NFKC\"", "expected" },
            { "/decoder/type", "\"Metaspace\"", "expected" },
            { "/pre_tokenizer/type", "\"Whitespace\"", "expected" },
            { "/pre_tokenizer/pretokenizers/0/behavior", "\"Removed\"", "expected" },
            { "/pre_tokenizer/pretokenizers/0/pattern/Regex", "\"(\"", "regular expression" },
            { "/pre_tokenizer/pretokenizers/1/add_prefix_space", "true", "expected" },
            { "/added_tokens/0/id", "1", "has already" },
            { "/added_tokens/0/rstrip", "true", "expected" },
        };

    [Theory]
    [MemberData(nameof(Unsupported))]
    public void What_would_give_other_ids_is_refused(string place, string value, string shown)
    {
        using var folder = new ScratchFolder();
        folder.WithTokenizer(json =>
        {
            var names = place.Split('/')[1..];
            var parent = names[..^1].Aggregate((JsonNode)json, (node, name) => node is JsonArray list ? list[Index(name)]! : node[name]!);
            if (parent is JsonArray items)
                items[Index(names[^1])] = JsonNode.Parse(value);
            else
                parent[names[^1]] = JsonNode.Parse(value);

            static int Index(string digits) => int.Parse(digits, CultureInfo.InvariantCulture);
        });
        AssertRefused(folder, "tokenizer.json", shown);
    }

    [Theory]
    [InlineData("tokenizer.json")]
    [InlineData("vocab.json")]
    [InlineData("merges.txt")]
    [InlineData("tokenizer_config.json")]
    public void Damaged_files_are_refused_or_make_a_tokenizer_that_works(string name)
    {
        using var source = new ScratchFolder();
        if (name == "tokenizer.json")
            source.WithTokenizer();
        else
            source
                .WithVocabulary()
                .With(
                    "tokenizer_config.json",
                    """{"added_tokens_decoder": {"300": {"content": "<emb>", "special": true}}, "eos_token": "<|im_end|>","""
                        + """ "extra_special_tokens": ["<a>"]}"""
                );
        var whole = File.ReadAllBytes(source[name]);
        var damage = Gen.Select(Gen.Bool, Gen.Int[0, whole.Length - 1], Gen.Select(Gen.Int[0, whole.Length - 1], Gen.Byte).List[1, 3]);
        damage.Sample(
            (truncates, length, flips) =>
            {
                var bytes = whole[..(truncates ? length : whole.Length)];
                foreach (var (place, value) in flips)
                    if (place < bytes.Length)
                        bytes[place] = value;
                using var folder = new ScratchFolder();
                foreach (var file in Directory.GetFiles(source.Path))
                    File.Copy(file, folder[Path.GetFileName(file)]);
                File.WriteAllBytes(folder[name], bytes);
                try
                {
                    var tokenizer = QwenTokenizer.Load(folder.Path);
                    tokenizer.Decode(tokenizer.Encode("the image <emb> 国 'S\n\n", allowSpecialTokens: true));
                }
                catch (CheckpointException)
                {
                    // What a damaged file should give.
                }
            },
            iter: 300
        );
    }

    private static void AssertRefused(ScratchFolder folder, string file, string shown)
    {
        var error = Assert.Throws<CheckpointException>(() => QwenTokenizer.Load(folder.Path));
        Assert.Contains(file, error.Message, StringComparison.Ordinal);
        Assert.Contains(shown, error.Message, StringComparison.Ordinal);
        Assert.True(error.Message.Length < 400, Encoding.UTF8.GetByteCount(error.Message) + " bytes of message");
    }
}
