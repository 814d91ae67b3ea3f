using System.Text.Json.Nodes;
using Rge.Tests.Shared;

namespace Rge.Tests;

public sealed class GenerationOptionsTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory().FullName;

    [Fact]
    public void A_folder_without_the_file_gives_the_defaults() => Assert.Equal(new GenerationOptions(), GenerationOptions.Load(_folder));

    [Fact]
    public void A_released_checkpoint_is_greedy_in_effect_and_has_a_penalty()
    {
        var options = Load("""{"do_sample": true, "temperature": 1e-06, "repetition_penalty": 1.05, "eos_token_id": [1202, 1200]}""");
        Assert.True(options.IsGreedy);
        Assert.Equal(1.05, options.RepetitionPenalty);
        Assert.Equal(128, options.MaxRationaleTokens);
    }

    [Fact]
    public void Sampling_fields_count_only_where_sampling_is_on()
    {
        Assert.Equal(
            new GenerationOptions
            {
                Temperature = 0.7,
                TopP = 0.8,
                TopK = 20,
            },
            Load("""{"do_sample": true, "temperature": 0.7, "top_p": 0.8, "top_k": 20}""")
        );
        Assert.Equal(50, Load("""{"do_sample": true, "temperature": 0.7}""").TopK);
        Assert.True(Load("""{"temperature": 0.7, "top_p": 0.8}""").IsGreedy);
    }

    [Fact]
    public void Budget_and_banned_tokens_are_read_and_written()
    {
        var options = Load(
            """{"max_new_tokens": 40, "suppress_tokens": [7, 5], "bad_words_ids": [[6], [5]], "pad_token_id": 3,"""
                + """ "no_repeat_ngram_size": 2}"""
        );
        Assert.Equal((40, true), (options.MaxRationaleTokens, options.IsGreedy));
        Assert.Equal([5, 6, 7], options.BannedTokens);
        Assert.Equal(128, Load("""{"max_new_tokens": 32768, "suppress_tokens": null}""").MaxRationaleTokens);

        Load("""{"pad_token_id": 3, "no_repeat_ngram_size": 2, "repetition_penalty": 1.05}""");
        options.Save(_folder, endToken: 9);
        var written = JsonNode.Parse(File.ReadAllText(Path.Combine(_folder, GenerationOptions.FileName)))!.AsObject();
        Assert.Equal(
            ["do_sample", "repetition_penalty", "max_new_tokens", "suppress_tokens", "eos_token_id", "pad_token_id"],
            written.Select(field => field.Key)
        );
        Assert.Equal((9, 3), ((int)written["eos_token_id"]!, (int)written["pad_token_id"]!));
        var read = GenerationOptions.Load(_folder);
        Assert.Equal(options with { BannedTokens = [] }, read with { BannedTokens = [] });
        Assert.Equal(options.BannedTokens, read.BannedTokens);

        var sampling = new GenerationOptions
        {
            Temperature = 0.7,
            TopP = 0.9,
            TopK = 0,
            MaxRationaleTokens = 12,
        };
        sampling.Save(_folder, endToken: 9);
        Assert.Equal(sampling, GenerationOptions.Load(_folder));
    }

    [Fact]
    public void The_threshold_of_a_gate_is_read_and_written()
    {
        var options = Load("""{"direct_threshold": 0.25}""");
        Assert.Equal(0.25, options.DirectThreshold);
        options.Save(_folder, endToken: 9);
        Assert.Equal(options, GenerationOptions.Load(_folder));
        Assert.Null(Load("{}").DirectThreshold);
        Assert.DoesNotContain("Threshold", System.Text.Json.JsonSerializer.Serialize(new GenerationOptions()), StringComparison.Ordinal);
    }

    [Fact]
    public void What_lies_beside_an_adapter_counts_before_the_base_s_own()
    {
        Load("""{"repetition_penalty": 1.05}""");
        var adapter = Directory.CreateDirectory(Path.Combine(_folder, "adapter")).FullName;
        Assert.Equal(1.05, GenerationOptions.Load(_folder, adapter).RepetitionPenalty);
        new GenerationOptions { MaxRationaleTokens = 12 }.Save(adapter, endToken: 9);
        Assert.Equal(new GenerationOptions { MaxRationaleTokens = 12 }, GenerationOptions.Load(_folder, adapter));
    }

    [Theory]
    [InlineData("""{"max_new_tokens": 0}""", "max_new_tokens")]
    [InlineData("""{"suppress_tokens": ["a"]}""", "suppress_tokens")]
    [InlineData("""{"bad_words_ids": [[1, 2]]}""", "bad_words_ids has [1,2], expected lists of one token id each")]
    [InlineData("""{"repetition_penalty": 0}""", "repetition_penalty")]
    [InlineData("""{"do_sample": "yes"}""", "do_sample")]
    [InlineData("""{"top_p": 2}""", "top_p")]
    [InlineData("""{"direct_threshold": 1.5}""", "direct_threshold")]
    [InlineData("""[1]""", GenerationOptions.FileName)]
    [InlineData("""{""", GenerationOptions.FileName)]
    public void A_wrong_value_is_refused_by_name(string json, string name) =>
        Assert.Contains(name, Assert.Throws<CheckpointException>(() => Load(json)).Message, StringComparison.Ordinal);

    public static TheoryData<string> Families => [.. Golden.Families()];

    [Theory]
    [MemberData(nameof(Families))]
    public void The_reference_checkpoints_are_read(string family) =>
        Assert.True(GenerationOptions.Load(Golden.Require(family, "model")).IsGreedy);

    private GenerationOptions Load(string json)
    {
        File.WriteAllText(Path.Combine(_folder, GenerationOptions.FileName), json);
        return GenerationOptions.Load(_folder);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
