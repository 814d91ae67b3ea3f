using Rge.Models;
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
        Assert.Equal(new GenerationOptions { Temperature = 0.7, TopP = 0.8, TopK = 20 }, Load("""{"do_sample": true, "temperature": 0.7, "top_p": 0.8, "top_k": 20}"""));
        Assert.Equal(50, Load("""{"do_sample": true, "temperature": 0.7}""").TopK);
        Assert.True(Load("""{"temperature": 0.7, "top_p": 0.8}""").IsGreedy);
    }

    [Theory]
    [InlineData("""{"repetition_penalty": 0}""", "repetition_penalty")]
    [InlineData("""{"do_sample": "yes"}""", "do_sample")]
    [InlineData("""{"top_p": 2}""", "top_p")]
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
