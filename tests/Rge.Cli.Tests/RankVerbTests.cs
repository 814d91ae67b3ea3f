using System.Text.Json.Nodes;
using static Rge.Cli.Tests.CommandLine;

namespace Rge.Cli.Tests;

public sealed class RankVerbTests(TinyCheckpoint checkpoint) : IClassFixture<TinyCheckpoint>
{
    [Fact]
    public async Task Texts_pictures_and_folders_are_ranked_together()
    {
        var json = await RankAsync("--text", "a red square", "--candidates", "one text", checkpoint.Picture(2), checkpoint.Pictures);
        var ranking = json["ranking"]!.AsArray();
        Assert.Equal(["one text", "picture-0.png", "picture-1.png", "picture-2.png", "picture-2.png"], ranking.Select(r => (string)r!["candidate"]!).Order(StringComparer.Ordinal));
        Assert.Equal([1, 2, 3, 4, 5], ranking.Select(r => (int)r!["rank"]!));
        double[] scores = [.. ranking.Select(r => (double)r!["score"]!)];
        Assert.Equal(scores.OrderDescending(), scores);
        Assert.All(scores, score => Assert.InRange(score, -1.0001, 1.0001));
        Assert.Equal(6, (int)json["rationale_tokens"]!);
    }

    [Fact]
    public async Task A_target_is_nearest_to_itself_when_the_query_does_not_reason()
    {
        var json = await RankAsync("--image", checkpoint.Picture(1), "--reasoning", "off", "--candidates", checkpoint.Pictures);
        Assert.Null(json["rationale"]);
        Assert.Equal("picture-1.png", (string?)json["ranking"]![0]!["candidate"]);
        Assert.Equal(1, (double)json["ranking"]![0]!["score"]!, 4);
    }

    [Fact]
    public async Task The_streamed_rationale_is_that_of_the_document()
    {
        string[] line = ["--text", "a cat", "--image", checkpoint.Picture(0), "--candidates", "x", "y"];
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
    public async Task A_picture_that_is_cut_off_is_named()
    {
        var broken = checkpoint.PathOf("broken.png");
        await File.WriteAllBytesAsync(broken, (await File.ReadAllBytesAsync(checkpoint.Picture(0), TestContext.Current.CancellationToken))[..60], TestContext.Current.CancellationToken);
        Assert.Contains("broken.png", await ErrorAsync(RgeCommand.Failure, "rank", "-m", checkpoint.Model, "-i", broken, "-c", "x"), StringComparison.Ordinal);
        Assert.Contains("nothing to embed", await ErrorAsync(RgeCommand.Failure, "rank", "-m", checkpoint.Model, "-c", "x"), StringComparison.Ordinal);
    }

    private async Task<JsonNode> RankAsync(params string[] line) =>
        JsonNode.Parse(await OutputAsync(["rank", "-m", checkpoint.Model, "--max-rationale-tokens", "6", "--json", .. line]))!;
}
