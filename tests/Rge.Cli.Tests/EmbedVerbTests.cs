using System.Text.Json.Nodes;
using Rge.Cli.Output;
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
        var json = JsonNode.Parse(
            await OutputAsync("embed", "-m", checkpoint.Model, "-t", "a cat", "-i", checkpoint.Image(0), "--max-rationale-tokens", "4")
        )!;
        double[] vector = [.. json["embedding"]!.AsArray().Select(v => (double)v!)];
        Assert.Equal(256, vector.Length);
        Assert.Equal(1, vector.Sum(v => v * v), 5);
        Assert.Equal(4, (int)json["rationale_tokens"]!);
    }

    [Fact]
    public async Task Areas_and_truncated_images_are_as_the_options_say()
    {
        string[] embed = ["embed", "-m", checkpoint.Model, "--role", "target", "-i"];
        Assert.True(await TokensAsync(checkpoint.Image(2), "--max-pixels", "3136") < await TokensAsync(checkpoint.Image(2)));
        Assert.True(await TokensAsync(checkpoint.Image(2), "--min-pixels", "40000") > await TokensAsync(checkpoint.Image(2)));

        var cut = Path.Combine(_folder, "cut.png");
        var whole = await File.ReadAllBytesAsync(checkpoint.Image(2), TestContext.Current.CancellationToken);
        await File.WriteAllBytesAsync(cut, whole[..(whole.AsSpan().IndexOf("IDAT"u8) + 14)], TestContext.Current.CancellationToken);
        var (code, _, error) = await RunAsync([.. embed, cut]);
        Assert.Equal(ExitCodes.Failure, code);
        Assert.Contains("--truncated-images accept", error, StringComparison.Ordinal);
        Assert.Equal(await TokensAsync(checkpoint.Image(2)), await TokensAsync(cut, "--truncated-images", "accept"));

        async Task<int> TokensAsync(string image, params string[] options) =>
            (int)JsonNode.Parse(await OutputAsync([.. embed, image, .. options]))!["prompt_tokens"]!;
    }

    [Fact]
    public async Task Rows_keep_their_order_and_ids_and_equal_items_embedded_alone()
    {
        await WriteRowsAsync(
            """{"id": "q", "text": "a cat"}""",
            $$"""{"id": "t", "role": "target", "image": "{{checkpoint.Image(1)}}"}""",
            """{"role": "query", "text": "a dog", "reasoning": "off"}""",
            """{"text": "a dog", "rationale": "it barks"}"""
        );
        await EmbedAsync();
        var rows = (await File.ReadAllLinesAsync(Output, TestContext.Current.CancellationToken))
            .Select(line => JsonNode.Parse(line)!)
            .ToList();
        Assert.Equal(["q", "t", null, null], rows.Select(row => (string?)row["id"]));
        Assert.Equal([4, 0, 0], rows.Take(3).Select(row => (int)row["rationale_tokens"]!));
        Assert.Equal("it barks", (string?)rows[3]["rationale"]);
        var alone = JsonNode.Parse(await OutputAsync("embed", "-m", checkpoint.Model, "-t", "a cat", "--max-rationale-tokens", "4"))!;
        var pairs = rows[0]["embedding"]!.AsArray().Zip(alone["embedding"]!.AsArray());
        Assert.All(pairs, pair => Assert.Equal((double)pair.First!, (double)pair.Second!, 5));
    }

    [Fact]
    public async Task A_killed_run_resumes()
    {
        await WriteRowsAsync([.. Enumerable.Range(0, 300).Select(i => $$"""{"id": "{{i}}", "text": "row number {{i}}"}""")]);
        var part = new FileInfo(Output + ".part");
        for (var kills = 0; kills < 3; kills++)
        {
            using var process = Start([.. Line, "--max-rationale-tokens", "4"]);
            part.Refresh();
            for (
                var before = part.Exists ? part.Length : 0;
                !process.HasExited && (!part.Exists || part.Length <= before + 1);
                part.Refresh()
            )
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
        Assert.Contains($"Resuming after {done} of 300 rows", error, StringComparison.Ordinal);
        Assert.True(done > 0);
        Assert.False(part.Exists && File.Exists(part.FullName));
        var rows = (await File.ReadAllLinesAsync(Output, TestContext.Current.CancellationToken))
            .Select(line => JsonNode.Parse(line)!)
            .ToList();
        Assert.Equal(Enumerable.Range(0, 300).Select(i => $"{i}"), rows.Select(row => (string)row["id"]!));
        Assert.Contains("complete already", (await RunAsync([.. Line, "--max-rationale-tokens", "4"])).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Another_input_or_other_settings_do_not_resume_a_started_output()
    {
        await WriteRowsAsync("""{"text": "a"}""");
        await File.WriteAllTextAsync(Output + ".part", "{\"input\":\"of another run\"}\n", TestContext.Current.CancellationToken);
        Assert.Contains("other settings", await ErrorAsync(ExitCodes.Failure, Line), StringComparison.Ordinal);
        await OutputAsync([.. Line, "--max-rationale-tokens", "2", "--overwrite"]);
        await WriteRowsAsync("""{"text": "a"}""", """{"text": "b"}""");
        Assert.Contains("made from other rows", await ErrorAsync(ExitCodes.Failure, Line), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_finished_output_is_not_taken_for_that_of_other_rows_another_model_or_other_settings()
    {
        await WriteRowsAsync("""{"text": "a"}""", """{"text": "b"}""");
        await EmbedAsync();
        var before = await File.ReadAllTextAsync(Output, TestContext.Current.CancellationToken);
        Assert.Contains(
            "other settings",
            await ErrorAsync(ExitCodes.Failure, [.. Line, "--max-rationale-tokens", "2"]),
            StringComparison.Ordinal
        );
        using (var other = new TinyCheckpoint(seed: 4))
            Assert.Contains(
                "another model",
                await ErrorAsync(
                    ExitCodes.Failure,
                    "embed",
                    "-m",
                    other.Model,
                    "--input",
                    Input,
                    "--output",
                    Output,
                    "--max-rationale-tokens",
                    "4"
                ),
                StringComparison.Ordinal
            );
        // As many rows, but other ones.
        await WriteRowsAsync("""{"text": "a"}""", """{"text": "c"}""");
        Assert.Contains(
            "made from other rows",
            await ErrorAsync(ExitCodes.Failure, [.. Line, "--max-rationale-tokens", "4"]),
            StringComparison.Ordinal
        );
        Assert.Equal(before, await File.ReadAllTextAsync(Output, TestContext.Current.CancellationToken));
        File.Delete(Output + ".job");
        Assert.Contains(
            "nothing says what it was made from",
            await ErrorAsync(ExitCodes.Failure, [.. Line, "--max-rationale-tokens", "4"]),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task Bad_rows_cost_no_good_ones_and_a_second_run_embeds_only_them()
    {
        var late = Path.Combine(_folder, "late.png");
        await File.WriteAllTextAsync(
            Path.Combine(_folder, "pointer.png"),
            "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n",
            TestContext.Current.CancellationToken
        );
        await WriteRowsAsync([
            .. Enumerable.Range(0, 70).Select(i => $$"""{"id": "{{i}}", "text": "row {{i}}", "role": "target"}"""),
            """{"id": "late", "image": "late.png", "role": "target"}""",
            """{"id": "pointer", "image": "pointer.png", "role": "target"}""",
            """{"id": "last", "text": "the last row", "role": "target"}""",
        ]);
        var (code, _, error) = await RunAsync(Line);
        Assert.Equal(ExitCodes.Failure, code);
        Assert.Contains("2 rows failed:\n", error, StringComparison.Ordinal);
        Assert.Contains($"{Input}, line 71: ", error, StringComparison.Ordinal);
        Assert.Contains("late.png", error, StringComparison.Ordinal);
        Assert.Contains($"{Input}, line 72: ", error, StringComparison.Ordinal);
        Assert.Contains("pointer.png", error, StringComparison.Ordinal);
        Assert.Contains("2 of 73 rows cannot be embedded", error, StringComparison.Ordinal);
        Assert.False(File.Exists(Output));
        // The header and all 71 good rows, those after the bad ones too.
        Assert.Equal(72, (await File.ReadAllLinesAsync(Output + ".part", TestContext.Current.CancellationToken)).Length);

        // One row is mended by its image, the other is to be skipped.
        File.Copy(checkpoint.Image(1), late);
        (code, var output, error) = await RunAsync([.. Line, "--on-error", "skip", "--json"]);
        Assert.True(code == ExitCodes.Success, error);
        Assert.Contains("Resuming after 71 of 73 rows", error, StringComparison.Ordinal);
        var document = JsonNode.Parse(output)!;
        Assert.Equal([73, 71, 1], new[] { "rows", "kept", "embedded" }.Select(name => (int)document[name]!));
        Assert.Equal((72, "pointer"), ((int)document["failed"]![0]!["line"]!, (string)document["failed"]![0]!["id"]!));
        var rows = await RowsAsync();
        Assert.Equal([.. Enumerable.Range(0, 70).Select(i => $"{i}"), "late", "pointer", "last"], rows.Select(row => (string)row["id"]!));
        Assert.Contains("pointer.png", (string)rows[71]["error"]!, StringComparison.Ordinal);
        Assert.Null(rows[71]["embedding"]);
        Assert.Equal(72, rows.Count(row => row["embedding"] is not null));

        // The output is there, and the last row is mended too: only that is embedded.
        File.Copy(checkpoint.Image(2), Path.Combine(_folder, "pointer.png"), overwrite: true);
        (code, _, error) = await RunAsync(Line);
        Assert.True(code == ExitCodes.Success, error);
        Assert.Contains("Resuming after 72 of 73 rows", error, StringComparison.Ordinal);
        var mended = await RowsAsync();
        Assert.Equal(rows.Take(71).Select(row => row.ToJsonString()), mended.Take(71).Select(row => row.ToJsonString()));
        Assert.NotNull(mended[71]["embedding"]);
        Assert.Contains("complete already", (await RunAsync(Line)).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_row_that_was_mended_in_the_input_is_the_only_one_embedded_again()
    {
        await WriteRowsAsync("""{"text": "a"}""", """{"image": "nowhere.png"}""", """{"text": "c"}""");
        Assert.Contains(
            "1 of 3 rows cannot be embedded",
            await ErrorAsync(ExitCodes.Failure, [.. Line, "--max-rationale-tokens", "2"]),
            StringComparison.Ordinal
        );
        await WriteRowsAsync("""{"text": "a"}""", """{"text": "b"}""", """{"text": "c"}""");
        var (code, _, error) = await RunAsync([.. Line, "--max-rationale-tokens", "2"]);
        Assert.True(code == ExitCodes.Success, error);
        Assert.Contains("Resuming after 2 of 3 rows", error, StringComparison.Ordinal);
        Assert.Equal(3, (await RowsAsync()).Count);
    }

    [Fact]
    public async Task Rows_that_cannot_be_read_are_skipped_where_that_is_asked_for()
    {
        await WriteRowsAsync("""{"id": "a", "text": "a"}""", "no JSON", """{"id": "c", "txt": "c"}""", "", """{"id": "a", "text": "d"}""");
        Assert.Contains(
            "line 2: ",
            await ErrorAsync(ExitCodes.Failure, [.. Line, "--max-rationale-tokens", "2"]),
            StringComparison.Ordinal
        );
        var (code, _, error) = await RunAsync([.. Line, "--max-rationale-tokens", "2", "--on-error", "skip"]);
        Assert.True(code == ExitCodes.Success, error);
        // An id that is there twice is no failure, but must be visible.
        Assert.Contains("'a' on lines 1, 5", error, StringComparison.Ordinal);
        var rows = await RowsAsync();
        Assert.Equal(["a", null, "c", "a"], rows.Select(row => (string?)row["id"]));
        Assert.Equal([false, true, true, false], rows.Select(row => row["error"] is not null));
    }

    [Fact]
    public async Task An_output_that_another_run_is_writing_is_refused()
    {
        await WriteRowsAsync("""{"text": "a"}""");
        using var writing = new FileStream(Output + ".part", FileMode.Create, FileAccess.ReadWrite, FileShare.None);
        Assert.Contains("is being written by another run", await ErrorAsync(ExitCodes.Failure, Line), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_input_is_never_overwritten()
    {
        await WriteRowsAsync("""{"text": "a"}""");
        var link = Path.Combine(_folder, "link.jsonl");
        File.CreateSymbolicLink(link, Input);
        foreach (var output in (string[])[Input, link])
            Assert.Contains(
                "is the input",
                await ErrorAsync(ExitCodes.Failure, "embed", "-m", checkpoint.Model, "--input", Input, "--output", output, "--overwrite"),
                StringComparison.Ordinal
            );
        Assert.Equal("""{"text": "a"}""", (await File.ReadAllLinesAsync(Input, TestContext.Current.CancellationToken))[0]);
    }

    [Fact]
    public async Task An_input_that_is_none_is_named()
    {
        string[] missing = [.. Line[..^3], Path.Combine(_folder, "nowhere.jsonl"), .. Line[^2..]];
        Assert.Contains("There is no file", await ErrorAsync(ExitCodes.Failure, missing), StringComparison.Ordinal);
        Assert.Contains(
            "is a folder, expected a JSON Lines file",
            await ErrorAsync(ExitCodes.Failure, [.. Line[..^3], _folder, .. Line[^2..]]),
            StringComparison.Ordinal
        );
        await WriteRowsAsync("", " ");
        Assert.Contains("has no rows", await ErrorAsync(ExitCodes.Failure, Line), StringComparison.Ordinal);
        await WriteRowsAsync("version https://git-lfs.github.com/spec/v1", "oid sha256:0");
        Assert.Contains("is a Git LFS pointer", await ErrorAsync(ExitCodes.Failure, Line), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{\"text\": ", "line 2: ")]
    [InlineData("[]", "line 2: expected a JSON object")]
    [InlineData("{\"txt\": \"a\"}", "line 2: the field 'txt' is not known")]
    [InlineData("{\"text\": 1}", "line 2: ")]
    [InlineData("{}", "line 2: there is nothing to embed")]
    [InlineData("{\"text\": \"a\", \"role\": \"candidate\"}", "line 2: role is 'candidate', expected query or target")]
    [InlineData("{\"text\": \"a\", \"text\": \"b\"}", "line 2: expected a JSON object, found what is not JSON")]
    [InlineData("{\"text\": {\"a\": 1}}", "line 2: text is an object, expected text")]
    [InlineData("{\"id\": [1], \"text\": \"a\"}", "line 2: id is a list, expected text or a number")]
    [InlineData("{\"images\": \"a.png\"}", "line 2: images is text, expected a list of paths")]
    [InlineData("{\"images\": [\"a.png\", null]}", "line 2: images[1] is null, expected the path of an image")]
    [InlineData("{\"images\": [\"a.png\", 3]}", "line 2: images[1] is a number, expected text")]
    [InlineData("{\"image\": \"\"}", "line 2: the path of an image is empty")]
    [InlineData("{\"text\": \"\\ud800\"}", "line 2: it has half of a surrogate pair, such as \\ud800 alone, expected whole characters")]
    [InlineData("{\"\\udc00\": \"a\"}", "line 2: it has half of a surrogate pair")]
    [InlineData("{\"id\": \"\\ud83d\", \"text\": \"a\"}", "line 2: it has half of a surrogate pair")]
    [InlineData(
        "{\"image\": \"https://example.org/a.png\"}",
        "line 2: the image is given as 'https://example.org/a.png', expected the path of a file"
    )]
    [InlineData("{\"text\": \"data:image/png;base64,iVBORw0K\"}", "line 2: text is an image as a data URI, expected a text")]
    [InlineData("{\"content\": \"a\"}", "line 2: content is text, expected a list of parts")]
    [InlineData("{\"content\": []}", "line 2: there is nothing to embed")]
    [InlineData("{\"content\": [\"a\"]}", "line 2: content[0] is text, expected {\"text\": …} or {\"image\": PATH}")]
    [InlineData("{\"content\": [{\"text\": \"a\"}, {}]}", "line 2: content[1] has neither text nor image")]
    [InlineData("{\"content\": [{\"text\": \"a\", \"image\": \"a.png\"}]}", "line 2: content[0] has both text and image")]
    [InlineData("{\"content\": [{\"video\": \"a.mp4\"}]}", "line 2: content[0] has the field 'video'")]
    [InlineData("{\"content\": [{\"text\": 1}]}", "line 2: content[0].text is a number, expected text")]
    [InlineData(
        "{\"content\": [{\"image\": \"https://example.org/a.png\"}]}",
        "line 2: the image is given as 'https://example.org/a.png', expected the path of a file"
    )]
    [InlineData(
        "{\"content\": [{\"text\": \"data:image/png;base64,iVBORw0K\"}]}",
        "line 2: content[0].text is an image as a data URI, expected a text"
    )]
    [InlineData(
        "{\"content\": [{\"text\": \"a\"}], \"images\": [\"a.png\"]}",
        "line 2: content stands beside images, expected one of them"
    )]
    [InlineData(
        "{\"image\": \"data:image/png;base64,iVBORw0K\"}",
        "line 2: the image is given as 'data:image/png;base64,iVBORw0K', expected the path of a file"
    )]
    public async Task A_bad_row_is_named_before_any_work(string row, string message)
    {
        await WriteRowsAsync("""{"text": "a"}""", row);
        Assert.Contains($"rows.jsonl, {message}", await ErrorAsync(ExitCodes.Failure, Line), StringComparison.Ordinal);
        Assert.False(File.Exists(Output + ".part"));
    }

    [Fact]
    public async Task An_image_that_is_no_file_is_told_in_words_of_ours()
    {
        var missing = Path.Combine(_folder, "nowhere", "a.png");
        Assert.Equal(
            $"rge: {missing} cannot be read: it does not exist.",
            await ErrorAsync(ExitCodes.Failure, "embed", "-m", checkpoint.Model, "-i", missing)
        );
        Assert.Equal(
            $"rge: {_folder} cannot be read: it is a folder, expected a file.",
            await ErrorAsync(ExitCodes.Failure, "embed", "-m", checkpoint.Model, "-i", _folder)
        );
    }

    private async Task<List<JsonNode>> RowsAsync() =>
        [.. (await File.ReadAllLinesAsync(Output, TestContext.Current.CancellationToken)).Select(line => JsonNode.Parse(line)!)];

    private string[] Line => ["embed", "-m", checkpoint.Model, "--input", Input, "--output", Output];

    private Task WriteRowsAsync(params string[] rows) => File.WriteAllLinesAsync(Input, rows, TestContext.Current.CancellationToken);

    private Task<string> EmbedAsync() => OutputAsync([.. Line, "--max-rationale-tokens", "4"]);

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
