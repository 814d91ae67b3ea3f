using System.Text.Json.Nodes;
using Rge.Cli.Output;
using Rge.Cli.Tests.Docs;
using static Rge.Cli.Tests.CommandLine;

namespace Rge.Cli.Tests;

/// <summary>Presets and rerankers on the command line.</summary>
public sealed class PresetOptionTests(TinyCheckpoint checkpoint) : IClassFixture<TinyCheckpoint>
{
    private const string Plain =
        """{"name": "mine", "prompt": "{item}", "image": "<|image_pad|>", "final_newline": true, "pooling": "last_token"}""";

    private const string Judge = """
        {"name": "judge", "prompt": "{instruction} {query} {document}", "empty_item": "NULL", "pooling": "last_token",
         "score": {"yes": "y", "no": "n"}}
        """;

    [Fact]
    public async Task A_preset_file_decides_and_a_given_preset_goes_before_what_is_recognised()
    {
        var preset = File("mine.json", Plain);
        var ofFile = await EmbedAsync("--preset", preset);
        Assert.Equal(await EmbedAsync("--pooling", "last"), ofFile);
        var own = await EmbedAsync("--reasoning", "off");
        Assert.Equal(await EmbedAsync("--reasoning", "off", "--preset", "rge"), own);
        Assert.NotEqual(ofFile, own);
        Assert.NotEqual(ofFile, await EmbedAsync("--preset", "vlm2vec"));
    }

    [Fact]
    public async Task The_file_in_the_documentation_works_and_the_page_has_every_preset_and_key()
    {
        var page = await System.IO.File.ReadAllTextAsync(
            Path.Combine(DocPage.Repository, "docs", "presets.md"),
            TestContext.Current.CancellationToken
        );
        var example = page.Split("```json\n")[1].Split("```")[0];
        Assert.NotEqual(await EmbedAsync("--reasoning", "off"), await EmbedAsync("--preset", File("documented.json", example)));
        foreach (var preset in ModelPreset.BuiltIn.Where(preset => preset.Score is null))
            Assert.Contains($"\n| `{preset.Name}` |", page, StringComparison.Ordinal);

        var unknown = File("unknown.json", Plain.Replace("\"name\"", "\"nome\"", StringComparison.Ordinal));
        var error = await ErrorAsync(ExitCodes.Failure, "info", checkpoint.Model, "--preset", unknown);
        foreach (var key in error.Split("expected one of ")[1].Trim().TrimEnd('.').Split(", "))
            Assert.Contains($"`{key}`", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_a_preset_does_not_leave_open_is_refused()
    {
        var error = await ErrorAsync(ExitCodes.Failure, "embed", "-m", checkpoint.Model, "-t", "a", "--preset", "gme", "--reasoning", "on");
        Assert.Contains("--reasoning is on, expected off with the preset gme", error, StringComparison.Ordinal);
        var broken = File("broken.json", Plain.Replace("pooling", "poling", StringComparison.Ordinal));
        error = await ErrorAsync(ExitCodes.Failure, "embed", "-m", checkpoint.Model, "-t", "a", "--preset", broken);
        Assert.Contains("broken.json: poling is no key of a preset", error, StringComparison.Ordinal);
        error = await ErrorAsync(ExitCodes.Failure, "embed", "-m", checkpoint.Model, "-t", "a", "--preset", "ume-r1");
        Assert.Contains("has no <disc_emb> token, which the preset ume-r1 pools", error, StringComparison.Ordinal);
        string[] generative = ["embed", "-m", checkpoint.Model, "-t", "a", "--preset", "ume-r1-generative"];
        error = await ErrorAsync(ExitCodes.Failure, [.. generative, "--when-budget-runs-out", "append"]);
        Assert.Contains("--when-budget-runs-out was given, but with the preset ume-r1-generative", error, StringComparison.Ordinal);
        Assert.Contains("no <gen_emb> token", await ErrorAsync(ExitCodes.Failure, generative), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Info_says_which_preset_and_why()
    {
        Assert.Contains("rge: the checkpoint has the token <emb>", await OutputAsync("info", checkpoint.Model), StringComparison.Ordinal);
        var text = await OutputAsync("info", checkpoint.Model, "--preset", "gme");
        Assert.Contains("gme, as given", text, StringComparison.Ordinal);
        Assert.Contains("256 to 1280 tokens, of the preset gme", text, StringComparison.Ordinal);
        var json = JsonNode.Parse(await OutputAsync("info", checkpoint.Model, "--json"))!;
        Assert.Equal("rge", (string?)json["preset"]);
        var (code, output, _) = await RunAsync("info", checkpoint.Model, "--preset", "wemm");
        Assert.Equal(ExitCodes.Failure, code);
        Assert.Contains("the token <embedding>, which the preset wemm pools", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_best_candidates_are_reranked_and_the_others_follow()
    {
        string[] line = ["rank", "-m", checkpoint.Model, "-t", "a cat", "--reasoning", "off", "-c", "a", "b", "c", "d", "--json"];
        var similar = Ranking(await OutputAsync(line));
        var judge = File("judge.json", Judge);
        var reranked = Ranking(await OutputAsync([.. line, "--rerank", checkpoint.Model, "--rerank-preset", judge, "--rerank-top", "2"]));
        Assert.Equal(Labels(similar[..2]).Order(StringComparer.Ordinal), Labels(reranked[..2]).Order(StringComparer.Ordinal));
        Assert.Equal(Labels(similar[2..]), Labels(reranked[2..]));
        Assert.True((double)reranked[0]["rerank_score"]! >= (double)reranked[1]["rerank_score"]!);
        Assert.All(reranked[..2], place => Assert.InRange((double)place["rerank_score"]!, 0, 1));
        Assert.All(reranked[2..], place => Assert.Null(place["rerank_score"]));

        line[^1] = "--seed=0";
        var text = await OutputAsync([.. line, "--rerank", checkpoint.Model, "--rerank-preset", judge]);
        Assert.Contains("│  score │ cosine │", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_reranker_must_be_one()
    {
        string[] line = ["rank", "-m", checkpoint.Model, "-t", "a", "-c", "b", "--rerank", checkpoint.Model];
        Assert.Contains("is not recognised as a reranker", await ErrorAsync(ExitCodes.Failure, line), StringComparison.Ordinal);
        Assert.Contains(
            "--rerank-preset is gme, a preset for embeddings",
            await ErrorAsync(ExitCodes.Failure, [.. line, "--rerank-preset", "gme"]),
            StringComparison.Ordinal
        );
        Assert.Contains(
            "--rerank-preset is 'gne', expected auto, qwen3-vl-reranker, or a file",
            await ErrorAsync(ExitCodes.Usage, [.. line, "--rerank-preset", "gne"]),
            StringComparison.Ordinal
        );
        foreach (
            var option in (string[][])
                [
                    ["--rerank-top", "3"],
                    ["--rerank-preset", "qwen3-vl-reranker"],
                ]
        )
            Assert.Contains(
                $"{option[0]} was given without --rerank",
                await ErrorAsync(ExitCodes.Usage, [.. line[..^2], .. option]),
                StringComparison.Ordinal
            );
    }

    [Fact]
    public async Task A_candidate_that_cannot_be_scored_is_listed_or_fails_the_command()
    {
        var judge = File("brief.json", Judge.Replace("\"score\"", "\"length\": {\"max_tokens\": 60}, \"score\"", StringComparison.Ordinal));
        var lengthy = string.Concat(Enumerable.Repeat("a dog ", 60));
        string[] line = ["rank", "-m", checkpoint.Model, "-t", "a cat", "--reasoning", "off", "-c", "b", lengthy, "--json"];
        line = [.. line, "--rerank", checkpoint.Model, "--rerank-preset", judge];
        var failed = Assert.Single(JsonNode.Parse(await OutputAsync(line))!["failed"]!.AsArray());
        Assert.Contains("expected at most 60", (string)failed!["error"]!, StringComparison.Ordinal);
        var (code, output, error) = await RunAsync([.. line, "--on-error", "fail"]);
        Assert.Equal((ExitCodes.Failure, ""), (code, output));
        Assert.Contains("expected at most 60", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_reranker_reads_images_by_the_options_of_the_model()
    {
        var judge = File("sight.json", Judge);
        string[] line = ["rank", "-m", checkpoint.Model, "-t", "a cat", "--reasoning", "off", "-c", checkpoint.Image(2), "--json"];
        line = [.. line, "--rerank", checkpoint.Model, "--rerank-preset", judge];
        var whole = Ranking(await OutputAsync(line))[0];
        var reduced = Ranking(await OutputAsync([.. line, "--min-pixels", "784", "--max-pixels", "1568"]))[0];
        Assert.NotEqual((double)whole["rerank_score"]!, (double)reduced["rerank_score"]!);
    }

    private static JsonObject[] Ranking(string json) => [.. JsonNode.Parse(json)!["ranking"]!.AsArray().Select(place => place!.AsObject())];

    private static IEnumerable<string> Labels(IEnumerable<JsonObject> places) => places.Select(place => (string)place["candidate"]!);

    private async Task<string> EmbedAsync(params string[] options)
    {
        var json = JsonNode.Parse(
            await OutputAsync(["embed", "-m", checkpoint.Model, "-t", "a cat", "-i", checkpoint.Image(0), "--json", .. options])
        )!;
        return json["embedding"]!.ToJsonString();
    }

    private string File(string name, string content)
    {
        var path = checkpoint.PathOf(name);
        System.IO.File.WriteAllText(path, content);
        return path;
    }
}
