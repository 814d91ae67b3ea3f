using System.Text.Json.Nodes;
using Rge.Cli.Output;
using static Rge.Cli.Tests.CommandLine;

namespace Rge.Cli.Tests;

public sealed class NewVerbTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("rge-new-");

    [Fact]
    public async Task The_same_seed_writes_the_same_weights()
    {
        foreach (var (name, seed) in ((string, string)[])[("a", "1"), ("b", "1"), ("c", "2")])
            await OutputAsync("new", Path.Combine(_folder.FullName, name), "--seed", seed);
        byte[] Weights(string name) => File.ReadAllBytes(Path.Combine(_folder.FullName, name, "model.safetensors"));
        Assert.Equal(Weights("a"), Weights("b"));
        Assert.NotEqual(Weights("a"), Weights("c"));
    }

    [Fact]
    public async Task What_was_written_is_printed_as_a_document()
    {
        var folder = Path.Combine(_folder.FullName, "model");
        var json = JsonNode.Parse(await OutputAsync("new", folder, "--json"))!;
        Assert.Equal((folder, "tiny", "bfloat16"), ((string)json["folder"]!, (string)json["shape"]!, (string)json["dtype"]!));
    }

    [Fact]
    public async Task The_family_can_be_chosen()
    {
        var folder = Path.Combine(_folder.FullName, "model");
        Assert.Equal("qwen3_5", (string)JsonNode.Parse(await OutputAsync("new", folder, "--family", "qwen3_5", "--json"))!["family"]!);
        var info = await OutputAsync("info", folder);
        Assert.Contains("qwen3_5", info, StringComparison.Ordinal);
        Assert.Contains("4 layers of width 256, 3 of them gated delta nets", info, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_checkpoint_that_is_there_is_not_overwritten()
    {
        await OutputAsync("new", _folder.FullName);
        Assert.Contains(
            "already contains a checkpoint",
            await ErrorAsync(ExitCodes.Failure, "new", _folder.FullName),
            StringComparison.Ordinal
        );
    }

    public void Dispose() => _folder.Delete(recursive: true);
}
