using System.Text.Json.Nodes;
using static Rge.Cli.Tests.CommandLine;

namespace Rge.Cli.Tests;

public sealed class EmbedVerbTests(TinyCheckpoint checkpoint) : IClassFixture<TinyCheckpoint>, IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("rge-embed-").FullName;

    private string Input => Path.Combine(_folder, "rows.jsonl");

    private string Output => Path.Combine(_folder, "out.jsonl");

    [Fact]
    public async Task One_item_is_printed_as_a_unit_vector()
    {
        var json = JsonNode.Parse(await OutputAsync("embed", "-m", checkpoint.Model, "-t", "a cat", "-i", checkpoint.Picture(0), "--max-rationale-tokens", "4"))!;
        double[] vector = [.. json["embedding"]!.AsArray().Select(v => (double)v!)];
        Assert.Equal(256, vector.Length);
        Assert.Equal(1, vector.Sum(v => v * v), 5);
        Assert.Equal(4, (int)json["rationale_tokens"]!);
    }

    [Fact]
    public async Task Areas_and_truncated_images_are_as_the_options_say()
    {
        string[] embed = ["embed", "-m", checkpoint.Model, "--role", "target", "-i"];
        Assert.True(await TokensAsync(checkpoint.Picture(2), "--max-pixels", "3136") < await TokensAsync(checkpoint.Picture(2)));
        Assert.True(await TokensAsync(checkpoint.Picture(2), "--min-pixels", "40000") > await TokensAsync(checkpoint.Picture(2)));

        var cut = Path.Combine(_folder, "cut.png");
        var whole = await File.ReadAllBytesAsync(checkpoint.Picture(2), TestContext.Current.CancellationToken);
        await File.WriteAllBytesAsync(cut, whole[..(whole.AsSpan().IndexOf("IDAT"u8) + 14)], TestContext.Current.CancellationToken);
        var (code, _, error) = await RunAsync([.. embed, cut]);
        Assert.Equal(RgeCommand.Failure, code);
        Assert.Contains("--truncated-images accept", error, StringComparison.Ordinal);
        Assert.Equal(await TokensAsync(checkpoint.Picture(2)), await TokensAsync(cut, "--truncated-images", "accept"));

        async Task<int> TokensAsync(string image, params string[] options) => (int)JsonNode.Parse(await OutputAsync([.. embed, image, .. options]))!["prompt_tokens"]!;
    }

    [Fact]
    public async Task Rows_keep_their_order_and_ids_and_equal_items_embedded_alone()
    {
        await WriteRowsAsync(
            """{"id": "q", "text": "a cat"}""",
            $$"""{"id": "t", "role": "target", "image": "{{checkpoint.Picture(1)}}"}""",
            """{"role": "query", "text": "a dog", "reasoning": "off"}""",
            """{"text": "a dog", "rationale": "it barks"}""");
        await EmbedAsync();
        var rows = (await File.ReadAllLinesAsync(Output, TestContext.Current.CancellationToken)).Select(line => JsonNode.Parse(line)!).ToList();
        Assert.Equal(["q", "t", null, null], rows.Select(row => (string?)row["id"]));
        Assert.Equal([4, 0, 0], rows.Take(3).Select(row => (int)row["rationale_tokens"]!));
        Assert.Equal("it barks", (string?)rows[3]["rationale"]);
        var alone = JsonNode.Parse(await OutputAsync("embed", "-m", checkpoint.Model, "-t", "a cat", "--max-rationale-tokens", "4"))!;
        var pairs = rows[0]["embedding"]!.AsArray().Zip(alone["embedding"]!.AsArray());
        Assert.All(pairs, pair => Assert.Equal((double)pair.First!, (double)pair.Second!, 5));
    }

    [Fact]
    public async Task A_run_that_was_killed_goes_on_where_it_was()
    {
        await WriteRowsAsync([.. Enumerable.Range(0, 300).Select(i => $$"""{"id": "{{i}}", "text": "row number {{i}}"}""")]);
        var part = new FileInfo(Output + ".part");
        for (var kills = 0; kills < 3; kills++)
        {
            using var process = Start([.. Line, "--max-rationale-tokens", "4"]);
            part.Refresh();
            for (var before = part.Exists ? part.Length : 0; !process.HasExited && (!part.Exists || part.Length <= before + 1); part.Refresh())
                await Task.Delay(2, TestContext.Current.CancellationToken);
            process.Kill();
            await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        }
        Assert.False(File.Exists(Output), "the output was complete before the third kill");
        // A line that was being written when the power went.
        await File.AppendAllTextAsync(part.FullName, """{"id":"half""", TestContext.Current.CancellationToken);
        var done = (await File.ReadAllLinesAsync(part.FullName, TestContext.Current.CancellationToken)).Length - 2;
        var (code, _, error) = await RunAsync([.. Line, "--max-rationale-tokens", "4"]);
        Assert.True(code == 0, error);
        Assert.Contains($"Going on after {done} of 300 rows", error, StringComparison.Ordinal);
        Assert.True(done > 0);
        Assert.False(part.Exists && File.Exists(part.FullName));
        var rows = (await File.ReadAllLinesAsync(Output, TestContext.Current.CancellationToken)).Select(line => JsonNode.Parse(line)!).ToList();
        Assert.Equal(Enumerable.Range(0, 300).Select(i => $"{i}"), rows.Select(row => (string)row["id"]!));
        Assert.Contains("complete already", (await RunAsync([.. Line, "--max-rationale-tokens", "4"])).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Another_input_or_other_settings_do_not_go_on_from_a_begun_output()
    {
        await WriteRowsAsync("""{"text": "a"}""");
        await File.WriteAllTextAsync(Output + ".part", "{\"input\":\"of another run\"}\n", TestContext.Current.CancellationToken);
        Assert.Contains("other settings", await ErrorAsync(RgeCommand.Failure, Line), StringComparison.Ordinal);
        await OutputAsync([.. Line, "--max-rationale-tokens", "2", "--overwrite"]);
        await WriteRowsAsync("""{"text": "a"}""", """{"text": "b"}""");
        Assert.Contains("made from other rows", await ErrorAsync(RgeCommand.Failure, Line), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{\"text\": ", "line 2: ")]
    [InlineData("[]", "line 2: expected a JSON object")]
    [InlineData("{\"txt\": \"a\"}", "line 2: the field 'txt' is not known")]
    [InlineData("{\"text\": 1}", "line 2: ")]
    [InlineData("{}", "line 2: there is nothing to embed")]
    [InlineData("{\"text\": \"a\", \"role\": \"candidate\"}", "line 2: role is 'candidate', expected query or target")]
    public async Task A_bad_row_is_named_before_any_work(string row, string message)
    {
        await WriteRowsAsync("""{"text": "a"}""", row);
        Assert.Contains($"rows.jsonl, {message}", await ErrorAsync(RgeCommand.Failure, Line), StringComparison.Ordinal);
        Assert.False(File.Exists(Output + ".part"));
    }

    private string[] Line => ["embed", "-m", checkpoint.Model, "--input", Input, "--output", Output];

    private Task WriteRowsAsync(params string[] rows) => File.WriteAllLinesAsync(Input, rows, TestContext.Current.CancellationToken);

    private Task<string> EmbedAsync() => OutputAsync([.. Line, "--max-rationale-tokens", "4"]);

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
