using System.Text.Json.Nodes;
using Rge.Cli.Output;
using Rge.Tests.Shared;
using static Rge.Cli.Tests.CommandLine;

namespace Rge.Cli.Tests;

public sealed class VerifyVerbTests(TinyCheckpoint checkpoint) : IClassFixture<TinyCheckpoint>
{
    [Fact]
    public async Task Vectors_that_agree_end_with_0_and_a_table()
    {
        var folder = Golden.Require(Golden.Family("qwen2_5_vl"));
        Assert.Contains("tokenizer ids", await OutputAsync("verify", folder), StringComparison.Ordinal);
        var rows = JsonNode.Parse(await OutputAsync("verify", folder, "--json"))!.AsArray();
        foreach (var quantity in (string[])["tokenizer ids", "hidden states", "query embeddings", "joint: gradients"])
            Assert.Contains(rows, row => (string?)row!["quantity"] == quantity && (int)row["cases"]! > 0 && (bool)row["passed"]!);
    }

    [Fact]
    public async Task Vectors_that_differ_end_with_1_and_the_case()
    {
        var folder = Directory.CreateDirectory(checkpoint.PathOf("vectors")).FullName;
        File.Copy(Path.Combine(checkpoint.Model, "tokenizer.json"), Path.Combine(folder, "tokenizer.json"));
        await File.WriteAllTextAsync(
            Path.Combine(folder, "cases.json"),
            """[{"text": "a", "ids": [1, 2, 3]}]""",
            TestContext.Current.CancellationToken
        );
        var (code, output, _) = await RunAsync("verify", folder);
        Assert.Equal(ExitCodes.Failure, code);
        Assert.Contains("beyond", output, StringComparison.Ordinal);
        Assert.Contains("text 0", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_folder_without_vectors_is_refused() =>
        Assert.Contains("no reference vectors", await ErrorAsync(ExitCodes.Failure, "verify", checkpoint.Images), StringComparison.Ordinal);
}
