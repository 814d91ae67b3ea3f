using Rge.Cli.Output;
using static Rge.Cli.Tests.CommandLine;

namespace Rge.Cli.Tests;

public sealed class RgeCommandTests
{
    public static TheoryData<string> Verbs =>
        ["demo", "rank", "embed", "index", "search", "info", "verify", "new", "pull", "train", "experiment", "world"];

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
        var options = help[help.IndexOf("Options:", StringComparison.Ordinal)..]
            .Split('\n')
            .Skip(1)
            .TakeWhile(line => line.StartsWith("  ", StringComparison.Ordinal));
        Assert.All(options, line => Assert.Matches(@"^\s+-.+?\s{2,}\S|^\s{10,}\S", line));
        Assert.All(help.Split('\n'), line => Assert.True(line.Length <= 100, $"{line.Length} columns: {line}"));
    }

    [Fact]
    public async Task What_a_verb_is_about_comes_before_how_the_model_writes()
    {
        var help = await OutputAsync("rank", "--help");
        string[] inOrder =
        [
            "--model <DIR>",
            "--text",
            "--image",
            "--candidates",
            "--json",
            "How the model runs and writes:",
            "--device",
            "--temperature",
            "--seed",
        ];
        var places = inOrder
            .Select(text => help.IndexOf(text, help.IndexOf("Options:", StringComparison.Ordinal), StringComparison.Ordinal))
            .ToArray();
        Assert.All(places, place => Assert.True(place > 0, help));
        Assert.Equal(places.Order(), places);
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
    [InlineData(
        "rationales --data x --endpoint http://127.0.0.1:1 -m x -o y --input-price cheap",
        "--input-price is 'cheap', expected a number"
    )]
    [InlineData("serve --model x --batch many", "--batch is 'many', expected a whole number")]
    [InlineData("embed -m x -t y --temperature warm", "--temperature is 'warm', expected a number")]
    [InlineData("rank -m x -t y -c z --max-rationale-tokens 0", "--max-rationale-tokens is 0, expected at least 1")]
    [InlineData("embed -m x -t y --temperature -1", "--temperature is -1, expected 0 to 1000")]
    [InlineData("embed -m x -t y --reasoning auto --direct-threshold 2", "--direct-threshold is 2, expected 0 to 1")]
    [InlineData("embed -m x -t y --reasoning auto --direct-threshold nan", "--direct-threshold is NaN, expected 0 to 1")]
    [InlineData("embed -m x -t y --top-p 1.5", "--top-p is 1.5, expected 0 to 1")]
    [InlineData("world --out x --split nope", "Must be one of: 'train' 'dev' 'test'")]
    [InlineData("world --out x --split nope", "rge: --split is 'nope'. Must be one of: 'train' 'dev' 'test'. See")]
    [InlineData("embed -m x -t y --pooling last --reasoning on", "--reasoning is on, expected off with --pooling last")]
    [InlineData("embed -m x -t y --preset gne", "--preset is 'gne', expected auto, rge, qwen3-vl-embedding, vlm2vec,")]
    [InlineData("embed -m x -t y --preset qwen3-vl-reranker", "--preset is 'qwen3-vl-reranker', expected auto, rge,")]
    [InlineData("index x -m y --preset vlm2vec --pooling last", "--pooling was given, expected --preset alone")]
    [InlineData("rank -m x -t y -c z --rerank-preset p.json", "--rerank-preset was given without --rerank")]
    [InlineData("serve -m x --reranker-name y", "--reranker-name was given without --reranker")]
    [InlineData(
        "rationales --data d --endpoint http://127.0.0.1:1/v1 -m x -o o --max-pixels 9",
        "--max-pixels was given without --verify, whose model it is for"
    )]
    [InlineData(
        "rationales --data d --endpoint http://127.0.0.1:1/v1 -m x -o o --min-pixels 9",
        "--min-pixels was given without --verify, whose model it is for"
    )]
    [InlineData("rank -m x -t y -c z --rerank-top 0", "--rerank-top is 0, expected at least 1")]
    [InlineData("search -m x -t cat --where red", "The filter 'red' cannot be understood")]
    [InlineData("search -m x -t y --top 0", "--top is 0, expected at least 1")]
    [InlineData("world --split dev --out x --seed -1", "--seed is '-1', expected a whole number of 0 or more")]
    [InlineData("index x -m y --dimensions 1.5", "--dimensions is '1.5', expected a whole number")]
    [InlineData("index x -m y --index ivf", "'exact' 'hnsw'")]
    [InlineData(
        "embed -t y",
        "--model is missing, expected the folder of a checkpoint, here or in the environment's RGE_MODEL; 'rge pull' downloads one."
    )]
    [InlineData(
        "embed -m Qwen/Qwen2.5-VL-3B-Instruct -t y",
        "--model is 'Qwen/Qwen2.5-VL-3B-Instruct', which is no folder here. If you mean the repository, 'rge pull "
            + "Qwen/Qwen2.5-VL-3B-Instruct' downloads it into Qwen2.5-VL-3B-Instruct."
    )]
    [InlineData("info Qwen/Qwen2.5-VL-3B-Instruct", "'rge pull Qwen/Qwen2.5-VL-3B-Instruct' downloads it")]
    [InlineData("serve -m x --url foo", "--url is 'foo', expected an address such as http://127.0.0.1:8000.")]
    [InlineData("serve -m x --url https://a:1", "--url is 'https://a:1', expected http:// with host and port alone")]
    [InlineData("train a.yaml --set foo", "--set is 'foo', expected NAME=VALUE")]
    [InlineData("embed -m x --input rows.jsonl", "--input and --output go together")]
    [InlineData(
        "embed -m x --input rows.jsonl --output out.jsonl -t y",
        "--input was given, so --text, --image, --instruction and --rationale were not expected"
    )]
    [InlineData(
        "embed -m x --input rows.jsonl --output out.jsonl --role target",
        "--input was given, so --role was not expected: each row has its own."
    )]
    [InlineData("embed -m x -t y --overwrite", "--overwrite was given, so --input was expected: it is for the rows of a file.")]
    [InlineData("embed -m x -t y --on-error skip", "--on-error was given, so --input was expected: it is for the rows of a file.")]
    [InlineData("serve -m x --max-body-memory abc", "--max-body-memory is 'abc', expected a whole number.")]
    [InlineData("info x --truncated-images accept", "--truncated-images")]
    [InlineData("embed -m x", "There is nothing to embed: expected --text, --image or --instruction, or --input.")]
    [InlineData("search -m x", "There is nothing to embed: expected --text, --image or --instruction.")]
    [InlineData("rank -m x -t y", "There is nothing to rank: expected --candidates, --candidate-text or --candidates-file.")]
    [InlineData(
        "rank -m x -i a.jpg --jsn -c b",
        "'--jsn' is not an option of 'rge rank'; as a value it is written --image=--jsn. See 'rge rank --help'."
    )]
    [InlineData("embed -m x -i a.jpg b.jpg -j", "'-j' is not an option of 'rge embed'")]
    [InlineData("rank -m x -t y -c a b --tpo=3", "'--tpo=3' is not an option of 'rge rank'")]
    [InlineData("embed -m x -t --jsn", "'--jsn' is not an option of 'rge embed'; as a value it is written --text=--jsn.")]
    [InlineData("info --jsn", "'--jsn' is not an option of 'rge info'")]
    [InlineData("eval --model x --data y --out z --subset a --jsn", "'--jsn' is not an option of 'rge eval'")]
    public async Task Arguments_that_make_no_sense_end_with_2(string line, string message) =>
        Assert.Contains(message, await ErrorAsync(ExitCodes.Usage, line.Split(' ')), StringComparison.Ordinal);

    [Theory]
    [InlineData("--image is empty, expected a path.", "embed", "-m", "x", "-i", "")]
    [InlineData("--image is empty, expected a path.", "rank", "-m", "x", "-i", "a.png", "", "-c", "y")]
    [InlineData("--model is empty, expected a path.", "embed", "-m", "", "-t", "a")]
    [InlineData("DIR is empty, expected a path.", "info", "")]
    [InlineData("--out is empty, expected a path.", "world", "--out", "")]
    [InlineData("A value of --candidates is empty", "rank", "-m", "x", "-t", "a", "-c", "b", "")]
    public async Task An_empty_path_ends_with_2(string message, params string[] line) =>
        Assert.Contains(message, await ErrorAsync(ExitCodes.Usage, line), StringComparison.Ordinal);

    [Theory]
    [InlineData("info FILE")]
    [InlineData("embed -t a -m FILE")]
    [InlineData("verify FILE")]
    [InlineData("eval -m FOLDER --out OUT --data FILE")]
    public async Task A_file_given_as_a_folder_is_called_a_file(string line)
    {
        using var checkpoint = new TinyCheckpoint();
        var file = checkpoint.Image(0);
        string[] words =
        [
            .. line.Split(' ')
                .Select(word =>
                    word switch
                    {
                        "FILE" => file,
                        "FOLDER" => checkpoint.Model,
                        "OUT" => checkpoint.PathOf("out"),
                        _ => word,
                    }
                ),
        ];
        Assert.Contains($"{file} is a file, expected a folder.", await ErrorAsync(ExitCodes.Failure, words), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("new FILE")]
    [InlineData("train CONFIG --out FILE")]
    [InlineData("eval -m FOLDER --data DATA --out FILE")]
    [InlineData("experiment CONFIG --out FILE")]
    [InlineData("rationales --data DATA --endpoint http://127.0.0.1:1/v1 -m x -o FILE")]
    [InlineData("pull a/b --out FILE")]
    [InlineData("world --out FILE")]
    public async Task A_file_given_as_the_folder_to_write_to_is_called_a_file(string line)
    {
        using var checkpoint = new TinyCheckpoint();
        var (file, config) = (checkpoint.Image(0), checkpoint.PathOf("settings.yaml"));
        var before = await File.ReadAllBytesAsync(file, TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(
            config,
            line.StartsWith("train", StringComparison.Ordinal)
                ? "model: {shape: shapeworld}\nphases: [{task: language, steps: 1}]\n"
                : "name: small\npretraining: settings.yaml\nseeds: [1]\nvariants: [{name: a, config: settings.yaml}]\n"
                    + "measurements: [{name: m, variant: a, queries: none, baseline: true}]\n",
            TestContext.Current.CancellationToken
        );
        Directory.CreateDirectory(checkpoint.PathOf("data/one"));
        string[] words =
        [
            .. line.Split(' ')
                .Select(word =>
                    word switch
                    {
                        "FILE" => file,
                        "CONFIG" => config,
                        "FOLDER" => checkpoint.Model,
                        "DATA" => checkpoint.PathOf("data"),
                        _ => word,
                    }
                ),
        ];
        Assert.Contains($"{file} is a file, expected a folder", await ErrorAsync(ExitCodes.Failure, words), StringComparison.Ordinal);
        Assert.Equal(before, await File.ReadAllBytesAsync(file, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_file_in_the_place_of_a_folder_is_found_before_any_work()
    {
        using var checkpoint = new TinyCheckpoint();
        Assert.Contains(
            "is a folder, expected the name of the page",
            await ErrorAsync(ExitCodes.Failure, "demo", "--out", checkpoint.Images),
            StringComparison.Ordinal
        );
        Assert.Contains(
            "is a file, expected a folder",
            await ErrorAsync(ExitCodes.Failure, "pull", "a/b", "--out", checkpoint.Image(0)),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task The_environment_names_the_model_where_the_command_line_does_not()
    {
        using var checkpoint = new TinyCheckpoint();
        var environment = new Dictionary<string, string>(StringComparer.Ordinal) { ["RGE_MODEL"] = checkpoint.Model };
        Assert.Equal(
            await OutputAsync("embed", "-m", checkpoint.Model, "--role", "target", "-t", "a"),
            await ReadAsync("embed", "--role", "target", "-t", "a")
        );
        Assert.Contains("nowhere", await ReadAsync("embed", "-m", "nowhere", "-t", "a"), StringComparison.Ordinal);

        async Task<string> ReadAsync(params string[] args)
        {
            using var process = Start(environment, args);
            var (output, error) = (
                process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken),
                process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken)
            );
            await process.WaitForExitAsync(TestContext.Current.CancellationToken);
            return await output + await error;
        }
    }

    [Theory]
    [InlineData("--text=--jsn")]
    [InlineData("-t", "-5 degrees")]
    [InlineData("-t", "-- a dash")]
    [InlineData("-t", "@home")]
    [InlineData("-t", "-")]
    public async Task A_text_may_begin_with_a_dash_or_an_at_sign(params string[] text) =>
        Assert.Contains("nowhere", await ErrorAsync(ExitCodes.Failure, ["embed", "-m", "nowhere", .. text]), StringComparison.Ordinal);

    [Fact]
    public async Task Options_after_an_image_are_options()
    {
        using var checkpoint = new TinyCheckpoint();
        string[] line = ["embed", "-m", checkpoint.Model, "--role", "target", "-i", checkpoint.Image(0)];
        Assert.Equal(await OutputAsync(line), await OutputAsync([.. line, "--json"]));
    }

    [Theory]
    [InlineData("info nowhere", "nowhere")]
    [InlineData("verify nowhere", "nowhere")]
    [InlineData("rank -m nowhere -t cat -c dog", "nowhere")]
    [InlineData("embed -m nowhere -t cat", "nowhere")]
    [InlineData("index nowhere -m x", "nowhere")]
    [InlineData("search -m x -t cat --store nowhere.db", "There is no store nowhere.db; rge index makes one.")]
    public async Task A_folder_that_is_not_there_ends_with_1_and_its_name(string line, string message) =>
        Assert.Contains(message, await ErrorAsync(ExitCodes.Failure, line.Split(' ')), StringComparison.Ordinal);

    [Fact]
    public async Task Cuda_without_a_device_is_refused()
    {
        Assert.SkipWhen(TorchSharp.torch.cuda.is_available(), "this machine has a CUDA device");
        using var checkpoint = new TinyCheckpoint();
        Assert.Contains(
            "No CUDA device",
            await ErrorAsync(ExitCodes.Failure, "embed", "-m", checkpoint.Model, "-t", "cat", "--device", "cuda"),
            StringComparison.Ordinal
        );
        Assert.NotEmpty(await OutputAsync("embed", "-m", checkpoint.Model, "-t", "cat", "--device", "auto", "--max-rationale-tokens", "2"));
    }
}
