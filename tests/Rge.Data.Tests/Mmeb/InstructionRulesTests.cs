using Rge.Data.Mmeb;
using Rge.Files.Yaml;
using Rge.Tests.Shared;

namespace Rge.Data.Tests.Mmeb;

public sealed class InstructionRulesTests : IDisposable
{
    private readonly ScratchFolder _scratch = new();

    [Theory]
    [InlineData("name: [a, b\nseed: 1\n")]
    [InlineData("a: *b")]
    [InlineData("a: 1\nb: 2\na: 3")]
    public void What_is_no_yaml_is_refused_as_the_yaml_reader_says_it(string yaml) =>
        Assert.Equal(
            Assert.Throws<YamlTextException>(() => YamlText.Parse(yaml, "s.yaml")).Message,
            Assert.Throws<DatasetException>(() => InstructionRules.Parse(yaml, "s.yaml")).Message
        );

    [Fact]
    public void Rules_apply_in_their_order()
    {
        var rules = InstructionRules.Parse(
            """
            GQA:
              suffix_add: "!"
              prefix_add: "Answer: "
              original: cat
              replacement: dog
              value_map:
                "one": "a cat and a cat"
            DocVQA:
            """,
            "rules.yaml"
        );
        Assert.Equal("Answer: a dog and a dog!", rules.Apply("GQA", "one"));
        Assert.Equal("Answer: a dog and a dog!", rules.Apply("GQA", "one\n"));
        Assert.Equal("Answer: one dog!", rules.Apply("GQA", "one cat"));
        Assert.Equal("one cat", rules.Apply("DocVQA", "one cat"));
        Assert.Equal("one cat", rules.Apply("ChartQA", "one cat"));
        Assert.NotEqual(rules.Digest, InstructionRules.QueryPreset.Digest);
    }

    [Theory]
    [InlineData("GQA: {prefix: a}", "rules.yaml, line 1: the rule 'prefix' of GQA is not known, expected value_map")]
    [InlineData("GQA:\n  original: a", "line 2: GQA has one of original and replacement, expected both or none.")]
    [InlineData("- a", "line 1: expected a map by subset.")]
    [InlineData("GQA: [a]", "line 1: expected rules of GQA.")]
    [InlineData("GQA: {prefix_add: [a]}", "line 1: GQA: expected a text.")]
    [InlineData("GQA: {value_map: a}", "line 1: expected texts under value_map of GQA.")]
    [InlineData("GQA: {", "not valid YAML")]
    public void What_is_not_a_rule_is_named_with_its_line(string yaml, string message) =>
        Assert.Contains(
            message,
            Assert.Throws<DatasetException>(() => InstructionRules.Parse(yaml, "rules.yaml")).Message,
            StringComparison.Ordinal
        );

    [Fact]
    public void The_presets_have_all_36_subsets_and_no_other()
    {
        Assert.Equal(36, MmebBenchmark.Subsets.Count);
        Assert.Equal((20, 16), (MmebBenchmark.InDistribution.Count, MmebBenchmark.OutOfDistribution.Count));
        Assert.Equal(
            MmebBenchmark.Subsets.Order(StringComparer.Ordinal),
            InstructionRules.QueryPreset.Subsets.Order(StringComparer.Ordinal)
        );
        Assert.Equal(
            MmebBenchmark.Subsets.Order(StringComparer.Ordinal),
            InstructionRules.CandidatePreset.Subsets.Order(StringComparer.Ordinal)
        );
        Assert.All(MmebBenchmark.Subsets, subset => Assert.NotEqual("a text", InstructionRules.QueryPreset.Apply(subset, "a text")));
    }

    [Fact]
    public void The_training_set_s_spelling_of_a_subset_has_the_same_rules() =>
        Assert.Equal(
            InstructionRules.QueryPreset.Apply("ImageNet-1K", "a text"),
            InstructionRules.QueryPreset.Apply("ImageNet_1K", "a text")
        );

    [Fact]
    public async Task A_reader_rewrites_queries_and_candidates()
    {
        File.WriteAllText(_scratch["rows.jsonl"], """{"qry_text": "<image> what", "tgt_text": ["a", "b"]}""");
        var reader = new MmebReader(
            _scratch.Path,
            InstructionRules.Parse("sub: {suffix_add: ' is it'}", "q"),
            InstructionRules.Parse("sub: {prefix_add: 'the '}", "c")
        );
        var row = Assert.Single(
            (await reader.ReadEvaluationAsync(_scratch["rows.jsonl"], "sub", cancellationToken: TestContext.Current.CancellationToken)).Rows
        );
        // The row has no image, so that its mark is left out.
        Assert.Equal(" what is it", row.Query.Text);
        Assert.Equal(["the a", "the b"], row.Candidates.Select(candidate => candidate.Text));
    }

    [Fact]
    public void A_file_that_is_not_there_is_named() =>
        Assert.Contains(
            _scratch["none.yaml"],
            Assert.Throws<DatasetException>(() => InstructionRules.Read(_scratch["none.yaml"])).Message,
            StringComparison.Ordinal
        );

    public void Dispose() => _scratch.Dispose();
}
