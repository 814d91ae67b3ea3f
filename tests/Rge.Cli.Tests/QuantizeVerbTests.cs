using System.Text.Json.Nodes;
using Rge.Cli.Output;
using static Rge.Cli.Tests.CommandLine;

namespace Rge.Cli.Tests;

public sealed class QuantizeVerbTests : IDisposable
{
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("rge-quantize-");

    private string Source => Path.Combine(_root.FullName, "source");

    private string Target => Path.Combine(_root.FullName, "target");

    [Fact]
    public async Task A_quantised_folder_embeds_as_the_rounded_checkpoint_does()
    {
        await OutputAsync("new", Source, "--dtype", "float32");
        var json = JsonNode.Parse(await QuantizeAsync("int8", "--dtype", "float32", "--json"))!;
        Assert.Equal((Target, "int8"), ((string)json["folder"]!, (string)json["weights"]!));
        Assert.InRange((long)json["bytes"]!, 1, new FileInfo(Path.Combine(Source, "model.safetensors")).Length - 1);
        string[] item = ["embed", "--text", "a red circle", "--role", "target", "--model"];
        var rounded = await OutputAsync([.. item, Source, "--weights", "int8"]);
        Assert.Equal(Vector(rounded), Vector(await OutputAsync([.. item, Target])), (a, b) => Math.Abs(a - b) < 1e-3);
        Assert.NotEqual(Vector(rounded), Vector(await OutputAsync([.. item, Source])));
    }

    [Fact]
    public async Task A_quantised_folder_is_complete()
    {
        await OutputAsync("new", Source);
        Assert.StartsWith("Wrote ", await QuantizeAsync("int4"), StringComparison.Ordinal);
        var info = await OutputAsync("info", Target);
        Assert.Contains("with rge quantize (4 bits)", info, StringComparison.Ordinal);
        Assert.Contains("complete", info, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_checkpoint_that_is_there_is_not_overwritten()
    {
        await OutputAsync("new", Source);
        await QuantizeAsync("int4");
        var error = await ErrorAsync(ExitCodes.Failure, "quantize", Source, "--weights", "int4", "--out", Target);
        Assert.Contains("holds a checkpoint already", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Training_a_quantised_folder_is_refused()
    {
        await OutputAsync("new", Source);
        await QuantizeAsync("int4");
        var config = Path.Combine(_root.FullName, "train.yaml");
        await File.WriteAllTextAsync(
            config,
            $$"""
            model: {checkpoint: {{Target}}}
            data: {queries: 4}
            phases: [{name: one, steps: 1, learning_rate: 1.0e-4}]
            """
        );
        var error = await ErrorAsync(ExitCodes.Failure, "train", config, "--out", Path.Combine(_root.FullName, "run"));
        Assert.Contains("train the checkpoint that they were made from", error, StringComparison.Ordinal);
    }

    public void Dispose() => _root.Delete(recursive: true);

    private Task<string> QuantizeAsync(string weights, params string[] more) =>
        OutputAsync(["quantize", Source, "--weights", weights, "--out", Target, .. more]);

    private static double[] Vector(string json) => [.. JsonNode.Parse(json)!["embedding"]!.AsArray().Select(number => (double)number!)];
}
