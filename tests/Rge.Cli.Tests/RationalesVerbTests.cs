using System.Diagnostics;
using System.Text.Json.Nodes;
using Rge.Cli.Output;
using Rge.Data.Mmeb;
using Rge.Imaging;
using Rge.Tests.Shared.Oracle;
using static Rge.Tests.Shared.Oracle.FakeOracle;

namespace Rge.Cli.Tests;

/// <summary><c>rge rationales</c>, run in processes of its own as a user would.</summary>
public sealed class RationalesVerbTests : IAsyncLifetime
{
    private const string Key = "sk-secret-0123456789";
    private const int Rows = 60;

    private readonly string _root = Directory.CreateTempSubdirectory("rge-rationales-").FullName;
    private FakeOracle _oracle = null!;

    private string Data => Path.Combine(_root, "data");

    private string Output => Path.Combine(_root, "out");

    public async ValueTask InitializeAsync()
    {
        OracleData.Write(Data, "first", Rows);
        _oracle = await StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _oracle.DisposeAsync();
        Directory.Delete(_root, recursive: true);
    }

    [Fact]
    public async Task Rationales_are_written_and_counted()
    {
        _oracle.Fail(7, Finish("content_filter", ""));
        var (code, output, error) = await RunAsync("--input-price", "2", "--output-price", "10");
        Assert.True(code == 0, error);
        Assert.Equal("59 of 60 rows have a rationale to learn from, 1 refused. 6000 tokens sent, 1200 written, cost 0.024.\n", output);
        Assert.Contains($"data.folder={Output} data.images={Data}", string.Concat(error.Split('\n')), StringComparison.Ordinal);
        Assert.DoesNotContain(Key, output + error, StringComparison.Ordinal);
        Assert.Equal(59, (await MmebReader.ReadTrainingFolderAsync(Output, Data)).Count);
        Assert.Contains(
            "| first | 60 | 59 | 0 | 0 | 1 | 0 | 0 |",
            await File.ReadAllTextAsync(Path.Combine(Output, "report.md"), TestContext.Current.CancellationToken),
            StringComparison.Ordinal
        );
        Assert.All(Directory.GetFiles(Output, "*", SearchOption.AllDirectories), file =>
            Assert.DoesNotContain(Key, File.ReadAllText(file), StringComparison.Ordinal)
        );

        (code, output, error) = await RunAsync("--json");
        Assert.True(code == 0, error);
        Assert.Equal((60, 59), ((int)JsonNode.Parse(output)!["rows"]!, (int)JsonNode.Parse(output)!["kept"]!));
        Assert.Equal(Rows, _oracle.Requests.Count);
    }

    [Theory(Timeout = 120_000)]
    [InlineData("-KILL", 137)]
    [InlineData("-INT", 130)]
    public async Task A_run_that_was_ended_resumes_and_asks_nothing_that_was_answered(string signal, int expectedCode)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "signals are sent with kill");
        var plain = _oracle.Answer;
        var (before, sent) = (0, new TaskCompletionSource());
        _oracle.Answer = async (context, request) =>
        {
            // Some are answered at once and others not, so that several are under way at any moment.
            await Task.Delay(RowOf(request) % 5 * 10);
            // On a busy machine the run would otherwise be over before the signal arrives.
            if (_oracle.Answered.Count >= before)
                await sent.Task;
            await plain(context, request);
        };
        var acknowledged = new HashSet<int>();
        for (var kills = 1; kills <= 4; kills++)
        {
            (before, sent) = (kills * 10, new TaskCompletionSource());
            using var process = Start(Key, "--parallel", "6");
            while (_oracle.Answered.Count < before && !process.HasExited)
                await Task.Delay(1, TestContext.Current.CancellationToken);
            using (var kill = Process.Start("kill", [signal, $"{process.Id}"]))
                await kill.WaitForExitAsync();
            sent.SetResult();
            await process.WaitForExitAsync();
            Assert.Equal(expectedCode, process.ExitCode);
            var written = Journalled();
            Assert.Superset(acknowledged, written);
            acknowledged = written;
            Assert.False(File.Exists(Path.Combine(Output, "first", "train.jsonl")), "the run was over before it was ended");
        }
        var asked = acknowledged.ToDictionary(row => row, _oracle.AskedAbout);

        var (code, _, error) = await RunAsync();

        Assert.True(code == 0, error);
        Assert.NotEmpty(acknowledged);
        Assert.All(acknowledged, row => Assert.Equal(asked[row], _oracle.AskedAbout(row)));
        Assert.Equal(
            Enumerable.Range(1, Rows).Select(Rationale),
            (await MmebReader.ReadTrainingFolderAsync(Output, Data)).Select(sample => sample.Rationale)
        );
        if (signal == "-INT")
            Assert.Equal(Rows, _oracle.Requests.Count);
        Assert.Empty(Directory.GetFiles(Output, "*.part", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task A_dry_run_prints_the_request_and_sends_nothing()
    {
        var prompt = Path.Combine(_root, "prompt.txt");
        await File.WriteAllTextAsync(prompt, "Query: {query}\nTarget: {target}", TestContext.Current.CancellationToken);
        var (code, output, error) = await RunAsync("--dry-run", "--prompt", prompt, "--temperature", "0.5", "--max-tokens", "99");
        Assert.True(code == 0, error);
        Assert.StartsWith($"POST {_oracle.Address}/chat/completions\n", output, StringComparison.Ordinal);
        var body = JsonNode.Parse(output[output.IndexOf('\n', StringComparison.Ordinal)..])!;
        Assert.Equal(("oracle-1", 0.5, 99), ((string?)body["model"], (double)body["temperature"]!, (int)body["max_completion_tokens"]!));
        var parts = body["messages"]![0]!["content"]!.AsArray();
        Assert.Matches(@"^data:image/png;base64,\.\.\. \(41×30 pixels, [0-9]+ bytes\)$", (string)parts[1]!["image_url"]!["url"]!);
        Assert.Equal("\nFind what goes with query number 1\nTarget: item 1", (string?)parts[2]!["text"]);
        Assert.DoesNotContain(Key, output + error, StringComparison.Ordinal);
        Assert.Empty(_oracle.Requests);
        Assert.False(Directory.Exists(Output));
    }

    [Fact]
    public async Task Columns_are_left_out_and_images_turned_where_that_is_asked_for()
    {
        OracleData.AddColumn(Data, "first", "note");
        await File.WriteAllBytesAsync(
            Path.Combine(Data, "images", "1.png"),
            OracleData.Turned(JpegEncoder.Encode(OracleData.Image(40, 24))),
            TestContext.Current.CancellationToken
        );
        var (code, output, error) = await RunAsync("--dry-run");
        Assert.Equal((1, ""), (code, output));
        Assert.Contains("leave it out with --ignore-column note", string.Concat(error.Split('\n')), StringComparison.Ordinal);
        (code, output, error) = await RunAsync("--dry-run", "--ignore-column", "note", "--exif-orientation");
        Assert.True(code == 0, error);
        Assert.Contains("(24×40 pixels, ", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_wrong_key_ends_with_1_and_one_sentence_that_does_not_show_it()
    {
        _oracle.Answer = Status(401, $$$"""{"error": {"message": "Incorrect API key provided: {{{Key}}}"}}""");
        var (code, output, error) = await RunAsync();
        Assert.Equal((1, ""), (code, output));
        Assert.EndsWith(
            $"rge: {_oracle.Address}: HTTP 401: Incorrect API key provided: ***. 0 answers are kept; the same command resumes from "
                + "there.\n",
            error,
            StringComparison.Ordinal
        );
        Assert.DoesNotContain(Key, error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Where_no_rationale_is_good_the_command_fails_and_says_where_to_look()
    {
        _oracle.Answer = Finish("stop", "I do not know.");
        var (code, output, error) = await RunAsync("--limit", "2");
        Assert.Equal((1, "0 of 2 rows have a rationale to learn from, 2 rejected. 200 tokens sent, 40 written.\n"), (code, output));
        Assert.EndsWith($"rge: No rationale is kept; {Path.Combine(Output, "report.md")} says why.\n", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_named_variable_without_a_key_is_an_error_and_none_named_sends_none()
    {
        Assert.Contains(
            "RGE_TEST_NO_KEY is not set",
            await CommandLine.ErrorAsync(ExitCodes.Failure, [.. Line, "--api-key-env", "RGE_TEST_NO_KEY"]),
            StringComparison.Ordinal
        );
        Assert.Empty(_oracle.Requests);
        var (code, _, error) = await RunWithKeyAsync("", "--limit", "1");
        Assert.True(code == 0, error);
        Assert.Equal("", _oracle.Requests.Single().Request.Authorization);
    }

    [Theory]
    [InlineData("--endpoint", "localhost:8000", "--endpoint is 'localhost:8000', expected an address such as")]
    [InlineData("--endpoint", "https://localhost/v1/chat/completions/", "expected the base address before /chat/completions")]
    [InlineData("--limit", "0", "--limit is 0, expected at least 1")]
    [InlineData("--parallel", "0", "--parallel is 0, expected at least 1")]
    [InlineData("--latin", "2", "--latin is 2, expected 0 to 1")]
    [InlineData("--input-price", "-1", "--input-price is -1, expected 0 or more")]
    public async Task Arguments_that_make_no_sense_end_with_2(string option, string value, string message)
    {
        string[] line =
        [
            "rationales",
            "--data",
            "a",
            "--model",
            "m",
            "--out",
            "b",
            .. option == "--endpoint" ? Array.Empty<string>() : ["--endpoint", "http://localhost/v1"],
            option,
            value,
        ];
        Assert.Contains(message, await CommandLine.ErrorAsync(ExitCodes.Usage, line), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_subset_that_is_not_there_is_named_before_anything_is_asked()
    {
        var (code, _, error) = await RunAsync("--subset", "first", "nothing");
        Assert.Equal(1, code);
        Assert.Contains("has no dataset nothing", error, StringComparison.Ordinal);
        Assert.Empty(_oracle.Requests);
    }

    private string[] Line =>
        ["rationales", "--data", Data, "--endpoint", _oracle.Address.ToString(), "--model", "oracle-1", "--out", Output];

    /// <summary>Rows whose answers are whole lines of the journal.</summary>
    private HashSet<int> Journalled()
    {
        var path = Path.Combine(Output, "answers.jsonl");
        if (!File.Exists(path))
            return [];
        var text = File.ReadAllText(path);
        return
        [
            .. text[..(text.LastIndexOf('\n') + 1)]
                .Split('\n', StringSplitOptions.RemoveEmptyEntries)
                .Skip(1)
                .Select(line => (int)JsonNode.Parse(line)!["row"]!),
        ];
    }

    private Task<(int Code, string Output, string Error)> RunAsync(params string[] arguments) => RunWithKeyAsync(Key, arguments);

    private async Task<(int Code, string Output, string Error)> RunWithKeyAsync(string key, params string[] arguments)
    {
        using var process = Start(key, arguments);
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, await output, await error);
    }

    private Process Start(string key, params string[] arguments) =>
        CommandLine.Start(new Dictionary<string, string>(StringComparer.Ordinal) { ["OPENAI_API_KEY"] = key }, [.. Line, .. arguments]);
}
