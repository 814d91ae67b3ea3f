using System.Text.Json.Nodes;
using Rge.Cli.Output;
using static Rge.Cli.Tests.CommandLine;

namespace Rge.Cli.Tests;

public sealed class RankVerbTests(TinyCheckpoint checkpoint) : IClassFixture<TinyCheckpoint>
{
    [Fact]
    public async Task Texts_images_and_folders_are_ranked_together()
    {
        var json = await RankAsync("--text", "a red square", "--candidates", "one text", checkpoint.Image(2), checkpoint.Images);
        var ranking = json["ranking"]!.AsArray();
        Assert.Equal(
            ["one text", "picture-0.png", "picture-1.png", "picture-2.png", "picture-2.png"],
            ranking.Select(r => (string)r!["candidate"]!).Order(StringComparer.Ordinal)
        );
        Assert.Equal([1, 2, 3, 4, 5], ranking.Select(r => (int)r!["rank"]!));
        double[] scores = [.. ranking.Select(r => (double)r!["score"]!)];
        Assert.Equal(scores.OrderDescending(), scores);
        Assert.All(scores, score => Assert.InRange(score, -1.0001, 1.0001));
        Assert.Equal(6, (int)json["rationale_tokens"]!);
    }

    [Fact]
    public async Task A_target_is_nearest_to_itself_when_the_query_does_not_reason()
    {
        var json = await RankAsync("--image", checkpoint.Image(1), "--reasoning", "off", "--candidates", checkpoint.Images);
        Assert.Null(json["rationale"]);
        Assert.Equal("picture-1.png", (string?)json["ranking"]![0]!["candidate"]);
        Assert.Equal(1, (double)json["ranking"]![0]!["score"]!, 4);
    }

    [Fact]
    public async Task The_streamed_rationale_is_that_of_the_document()
    {
        string[] line = ["--text", "a cat", "--image", checkpoint.Image(0), "--candidates", "x", "y"];
        var json = await RankAsync(line);
        var text = await OutputAsync(["rank", "-m", checkpoint.Model, "--max-rationale-tokens", "6", .. line]);
        Assert.StartsWith($"rationale {(string?)json["rationale"]}", text, StringComparison.Ordinal);
        Assert.Contains("│ cosine │", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_seed_decides_what_is_sampled()
    {
        string[] line = ["--text", "a cat", "--candidates", "x", "--temperature", "1.5"];
        var first = await RankAsync([.. line, "--seed", "1"]);
        Assert.Equal(first.ToJsonString(), (await RankAsync([.. line, "--seed", "1"])).ToJsonString());
        Assert.NotEqual((string?)first["rationale"], (string?)(await RankAsync([.. line, "--seed", "2"]))["rationale"]);
    }

    [Fact]
    public async Task An_image_that_is_cut_off_is_named()
    {
        var broken = checkpoint.PathOf("broken.png");
        await File.WriteAllBytesAsync(
            broken,
            (await File.ReadAllBytesAsync(checkpoint.Image(0), TestContext.Current.CancellationToken))[..60],
            TestContext.Current.CancellationToken
        );
        Assert.Contains(
            "broken.png",
            await ErrorAsync(ExitCodes.Failure, "rank", "-m", checkpoint.Model, "-i", broken, "-c", "x"),
            StringComparison.Ordinal
        );
        Assert.Contains(
            "nothing to embed",
            await ErrorAsync(ExitCodes.Usage, "rank", "-m", checkpoint.Model, "-c", "x"),
            StringComparison.Ordinal
        );
        Assert.Contains(
            "nothing to rank",
            await ErrorAsync(ExitCodes.Usage, "rank", "-m", checkpoint.Model, "-t", "x"),
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData("nothere.jpg")]
    [InlineData("NOTHERE.JPEG")]
    [InlineData("nothere.heic")]
    [InlineData("photos/nothere")]
    [InlineData("./nothere")]
    [InlineData("photos\\nothere")]
    [InlineData("nothere.txt")]
    [InlineData("my photo.png")]
    [InlineData("*.webp")]
    public async Task A_path_that_is_not_there_is_never_ranked_as_a_text(string path)
    {
        var error = await ErrorAsync(ExitCodes.Failure, "rank", "-m", checkpoint.Model, "-t", "a cat", "-c", checkpoint.Image(0), path);
        Assert.Contains($"There is no file or folder '{path}'", error, StringComparison.Ordinal);
        Assert.Contains("--candidate-text", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_text_may_look_like_a_path_where_it_is_said_to_be_one()
    {
        var json = await RankAsync(
            "--text",
            "a cat",
            "--candidate-text",
            "nothere.jpg",
            "and/or",
            "--candidates",
            "a red square",
            "3.5",
            "U.S."
        );
        Assert.All(json["ranking"]!.AsArray(), ranked => Assert.Equal("text", (string?)ranked!["kind"]));
        Assert.Equal(
            ["3.5", "U.S.", "a red square", "and/or", "nothere.jpg"],
            json["ranking"]!.AsArray().Select(r => (string)r!["candidate"]!).Order(StringComparer.Ordinal)
        );
    }

    [Fact]
    public async Task A_folder_is_ranked_with_the_folders_in_it_and_without_what_cannot_be_read()
    {
        var folder = checkpoint.PathOf("photos");
        Directory.CreateDirectory(Path.Combine(folder, "deep", "er"));
        Directory.CreateDirectory(Path.Combine(folder, ".hidden"));
        File.Copy(checkpoint.Image(0), Path.Combine(folder, "deep", "er", "a.PNG"));
        File.Copy(checkpoint.Image(1), Path.Combine(folder, "a.png"));
        File.Copy(checkpoint.Image(1), Path.Combine(folder, ".hidden", "b.png"));
        var cut = Path.Combine(folder, "deep", "cut.png");
        await File.WriteAllBytesAsync(
            cut,
            (await File.ReadAllBytesAsync(checkpoint.Image(0), TestContext.Current.CancellationToken))[..60],
            TestContext.Current.CancellationToken
        );
        var phone = Path.Combine(folder, "phone.heic");
        await File.WriteAllTextAsync(phone, "of another format", TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(Path.Combine(folder, "notes.md"), "no image", TestContext.Current.CancellationToken);

        string[] line = ["rank", "-m", checkpoint.Model, "--max-rationale-tokens", "2", "-t", "a cat", "-c", folder];
        var json = JsonNode.Parse(await OutputAsync([.. line, "--json"]))!;
        Assert.Equal(
            ["a.png", "deep/er/a.PNG"],
            json["ranking"]!.AsArray().Select(r => (string)r!["candidate"]!).Order(StringComparer.Ordinal)
        );
        Assert.Equal([phone, cut], json["failed"]!.AsArray().Select(failed => (string)failed!["candidate"]!));
        var (code, output, error) = await RunAsync(line);
        Assert.Equal(ExitCodes.Success, code);
        Assert.Contains("deep/er/a.PNG", output, StringComparison.Ordinal);
        Assert.Contains("2 images", error, StringComparison.Ordinal);
        Assert.Contains("2 candidates failed:\n", error, StringComparison.Ordinal);
        Assert.Contains("phone.heic is of type HEIC, which cannot be read", error, StringComparison.Ordinal);
        Assert.Contains("cut.png", error, StringComparison.Ordinal);

        Assert.Contains("phone.heic", await ErrorAsync(ExitCodes.Failure, [.. line, "--on-error", "fail"]), StringComparison.Ordinal);
        File.Delete(phone);
        Assert.Contains("cut.png", await ErrorAsync(ExitCodes.Failure, [.. line, "--on-error", "fail"]), StringComparison.Ordinal);
        Assert.Contains(
            "None of the 1 candidates can be ranked",
            await ErrorAsync(ExitCodes.Failure, [.. line[..^1], cut]),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task A_file_of_candidates_says_of_each_what_it_is()
    {
        var file = checkpoint.PathOf("candidates.jsonl");
        string[] rows =
        [
            """{"id": "one", "text": "nothere.jpg"}""",
            """{"image": "pictures/picture-0.png"}""",
            """{"image": 3}""",
            """{"text": "a dog"}""",
        ];
        await File.WriteAllLinesAsync(file, rows, TestContext.Current.CancellationToken);
        var json = await RankAsync("--text", "a cat", "--candidates-file", file);
        Assert.Equal(
            ["a dog", "one", "picture-0.png"],
            json["ranking"]!.AsArray().Select(r => (string)r!["candidate"]!).Order(StringComparer.Ordinal)
        );
        Assert.Contains("line 3: image is a number, expected text", (string)json["failed"]![0]!["error"]!, StringComparison.Ordinal);

        await File.WriteAllTextAsync(checkpoint.PathOf("broken.png"), "no image", TestContext.Current.CancellationToken);
        await File.WriteAllLinesAsync(
            file,
            [rows[0], "{\"id\": \"two\", \"image\": \"broken.png\"}"],
            TestContext.Current.CancellationToken
        );
        var failed = (await RankAsync("--text", "a cat", "--candidates-file", file))["failed"]!.AsArray();
        Assert.Equal($"{file}, line 2", (string)failed.Single()!["candidate"]!);
        Assert.StartsWith($"{file}, line 2: ", (string)failed.Single()!["error"]!, StringComparison.Ordinal);
        Assert.Contains(
            "There is no file",
            await ErrorAsync(ExitCodes.Failure, "rank", "-m", checkpoint.Model, "-t", "x", "--candidates-file", "nowhere.jsonl"),
            StringComparison.Ordinal
        );
    }

    private async Task<JsonNode> RankAsync(params string[] line) =>
        JsonNode.Parse(await OutputAsync(["rank", "-m", checkpoint.Model, "--max-rationale-tokens", "6", "--json", .. line]))!;
}
