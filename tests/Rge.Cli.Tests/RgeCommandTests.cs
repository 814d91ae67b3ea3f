using static Rge.Cli.Tests.CommandLine;

namespace Rge.Cli.Tests;

public sealed class RgeCommandTests
{
    public static TheoryData<string> Verbs => ["demo", "rank", "embed", "index", "search", "info", "verify", "new", "pull", "train", "experiment", "world"];

    [Fact]
    public async Task Without_arguments_the_verbs_are_listed()
    {
        var help = await OutputAsync();
        Assert.All(Verbs.Select(row => row.Data), verb => Assert.Contains($"\n  {verb} ", help, StringComparison.Ordinal));
        Assert.Equal(help, await OutputAsync("--help"));
    }

    [Theory, MemberData(nameof(Verbs))]
    public async Task Every_verb_and_option_says_what_it_is_for(string verb)
    {
        var help = await OutputAsync(verb, "--help");
        var options = help[help.IndexOf("Options:", StringComparison.Ordinal)..].Split('\n').Skip(1).TakeWhile(line => line.StartsWith("  ", StringComparison.Ordinal));
        Assert.All(options, line => Assert.Matches(@"^\s+-.+?\s{2,}\S|^\s{10,}\S", line));
    }

    [Theory]
    [InlineData("rnak", "'rnak' is not a command. See 'rge --help'.")]
    [InlineData("rank --model x", "See 'rge rank --help'.")]
    [InlineData("rank --modle x", "See 'rge rank --help'.")]
    [InlineData("new", "See 'rge new --help'.")]
    [InlineData("new x --shape huge", "'huge'")]
    [InlineData("new x --seed one", "--seed is 'one', expected a whole number")]
    [InlineData("demo --queries many", "--queries is 'many', expected a whole number")]
    [InlineData("world --out x --split dev --queries many", "--queries is 'many', expected a whole number")]
    [InlineData("rationales --data x --endpoint http://127.0.0.1:1 -m x -o y --input-price cheap", "--input-price is 'cheap', expected a number")]
    [InlineData("serve --model x --batch many", "--batch is 'many', expected a whole number")]
    [InlineData("embed -m x -t y --temperature warm", "--temperature is 'warm', expected a number")]
    [InlineData("rank -m x -t y -c z --max-rationale-tokens 0", "--max-rationale-tokens is 0, expected at least 1")]
    [InlineData("embed -m x -t y --temperature -1", "--temperature is -1, expected 0 to 1000")]
    [InlineData("embed -m x -t y --top-p 1.5", "--top-p is 1.5, expected 0 to 1")]
    [InlineData("world --out x --split nope", "Must be one of: 'train' 'dev' 'test'")]
    [InlineData("search -m x -t y --top 0", "--top is 0, expected at least 1")]
    [InlineData("world --split dev --out x --seed -1", "--seed is '-1', expected a whole number of 0 or more")]
    [InlineData("index x -m y --dimensions 1.5", "--dimensions is '1.5', expected a whole number")]
    [InlineData("index x -m y --index ivf", "'exact' 'hnsw'")]
    [InlineData("embed -m x --input rows.jsonl", "--input and --output go together")]
    public async Task Arguments_that_make_no_sense_end_with_2(string line, string message) =>
        Assert.Contains(message, await ErrorAsync(RgeCommand.Usage, line.Split(' ')), StringComparison.Ordinal);

    [Theory]
    [InlineData("info nowhere", "nowhere")]
    [InlineData("verify nowhere", "nowhere")]
    [InlineData("rank -m nowhere -t cat -c dog", "nowhere")]
    [InlineData("embed -m nowhere -t cat", "nowhere")]
    [InlineData("index nowhere -m x", "nowhere")]
    [InlineData("search -m x -t cat --store nowhere.db", "There is no store nowhere.db; rge index makes one.")]
    [InlineData("search -m x -t cat --where red", "The filter 'red' cannot be understood")]
    public async Task A_folder_that_is_not_there_ends_with_1_and_its_name(string line, string message) =>
        Assert.Contains(message, await ErrorAsync(RgeCommand.Failure, line.Split(' ')), StringComparison.Ordinal);

    [Fact]
    public async Task Cuda_without_a_device_is_refused()
    {
        Assert.SkipWhen(TorchSharp.torch.cuda.is_available(), "this machine has a CUDA device");
        using var checkpoint = new TinyCheckpoint();
        Assert.Contains("No CUDA device", await ErrorAsync(RgeCommand.Failure, "embed", "-m", checkpoint.Model, "-t", "cat", "--device", "cuda"), StringComparison.Ordinal);
        Assert.NotEmpty(await OutputAsync("embed", "-m", checkpoint.Model, "-t", "cat", "--device", "auto", "--max-rationale-tokens", "2"));
    }
}
