using System.Text.Json.Nodes;
using static Rge.Cli.Tests.CommandLine;

namespace Rge.Cli.Tests;

public sealed class InfoVerbTests : IDisposable
{
    private readonly TinyCheckpoint _checkpoint = new();

    [Fact]
    public async Task A_complete_checkpoint_is_described()
    {
        var text = await OutputAsync("info", _checkpoint.Model);
        Assert.Contains("qwen2_5_vl", text, StringComparison.Ordinal);
        Assert.Contains("5.8 M", text, StringComparison.Ordinal);
        Assert.Contains("complete", text, StringComparison.Ordinal);

        var json = JsonNode.Parse(await OutputAsync("info", _checkpoint.Model, "--json"))!;
        Assert.Equal(5_799_216, (long)json["parameters"]!);
        Assert.Equal("float32", (string?)json["weights"]);
        Assert.Equal(256, (int)json["embedding"]!);
        Assert.Empty(json["problems"]!.AsArray());
    }

    [Fact]
    public async Task Everything_that_is_missing_is_listed_at_once()
    {
        File.Delete(Path.Combine(_checkpoint.Model, "model.safetensors"));
        File.Delete(Path.Combine(_checkpoint.Model, "tokenizer.json"));
        var (code, output, _) = await RunAsync("info", _checkpoint.Model, "--json");
        Assert.Equal(RgeCommand.Failure, code);
        var problems = JsonNode.Parse(output)!["problems"]!.AsArray().Select(p => (string)p!).ToList();
        Assert.Contains(problems, p => p.Contains("model.safetensors", StringComparison.Ordinal));
        Assert.Contains(problems, p => p.Contains("tokenizer.json", StringComparison.Ordinal));
    }

    public void Dispose() => _checkpoint.Dispose();
}
