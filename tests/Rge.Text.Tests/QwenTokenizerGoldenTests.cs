using System.Text.Json.Nodes;
using Rge.Tests.Shared;

namespace Rge.Text.Tests;

/// <summary>Ids and texts of the reference tokenizer, for both ways of loading.</summary>
public sealed class QwenTokenizerGoldenTests
{
    public static TheoryData<string, bool> Families =>
        new(Golden.Families().SelectMany(family => new (string, bool)[] { (family, false), (family, true) }));

    [Theory]
    [MemberData(nameof(Families))]
    public void Family_cases_are_equal(string family, bool fromVocabulary)
    {
        var model = Golden.Require(family, "model");
        using var scratch = new ScratchFolder();
        if (fromVocabulary)
            scratch.WithCopies(model, "vocab.json", "merges.txt", "tokenizer_config.json");
        AssertCases(QwenTokenizer.Load(fromVocabulary ? scratch.Path : model), Golden.Require(family, "tokenizer_cases.json"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Real_vocabulary_cases_are_equal(bool fromVocabulary)
    {
        var folder = Golden.Require("qwen2-tokenizer");
        using var scratch = new ScratchFolder();
        if (fromVocabulary)
            scratch.WithCopies(folder, "vocab.json", "merges.txt");
        // The bare vocabulary knows the usual control tokens; <emb> is the next id after them.
        var tokenizer = QwenTokenizer.Load(fromVocabulary ? scratch.Path : folder).WithToken("<emb>");
        Assert.Equal(151_665, tokenizer.SpecialTokens["<emb>"]);
        Assert.Equal(151_666, tokenizer.VocabularySize);
        AssertCases(tokenizer, Golden.Require("qwen2-tokenizer", "cases.json"));
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void Prompts_give_the_input_ids_before_image_pads_are_expanded(string family, bool queries)
    {
        var tokenizer = QwenTokenizer.Load(Golden.Require(family, "model"));
        var pad = tokenizer.SpecialTokens["<|image_pad|>"];
        var cases = JsonNode.Parse(File.ReadAllText(Golden.Require(family, "cases.json")))![queries ? "queries" : "targets"]!.AsArray();
        Assert.NotEmpty(cases);
        foreach (var item in cases)
        {
            var expected = Ids(item!["input_ids"]!);
            var collapsed = expected.Where((id, i) => id != pad || i == 0 || expected[i - 1] != pad);
            Assert.Equal(collapsed, tokenizer.Encode((string)item["prompt"]!, allowSpecialTokens: true));
        }
    }

    private static void AssertCases(QwenTokenizer tokenizer, string path)
    {
        var cases = JsonNode.Parse(File.ReadAllText(path))!.AsArray();
        Assert.NotEmpty(cases);
        foreach (var item in cases)
        {
            var (text, ids) = ((string)item!["text"]!, Ids(item["ids"]!));
            Assert.Equal(ids, tokenizer.Encode(text, allowSpecialTokens: true));
            if (item["decoded"] is { } decoded)
                Assert.Equal((string)decoded!, tokenizer.Decode(ids));
        }
    }

    private static int[] Ids(JsonNode node) => [.. node.AsArray().Select(id => (int)id!)];
}
