using System.Text.Json.Nodes;
using Rge.Cli.Output;
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
        Assert.Equal(ExitCodes.Failure, code);
        var problems = JsonNode.Parse(output)!["problems"]!.AsArray().Select(p => (string)p!).ToList();
        Assert.Contains(problems, p => p.Contains("model.safetensors", StringComparison.Ordinal));
        Assert.Contains(problems, p => p.Contains("tokenizer.json", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Limits_in_force_and_a_missing_head_are_said()
    {
        Edit("preprocessor_config.json", json => json["max_pixels"] = 12_845_056);
        Edit("config.json", json => json["tie_word_embeddings"] = false);
        var text = await OutputAsync("info", _checkpoint.Model);
        Assert.Contains($"to {1024 * 28 * 28} pixels", text, StringComparison.Ordinal);
        Assert.Contains("1024 tokens", text, StringComparison.Ordinal);
        Assert.Contains("lm_head.weight", text, StringComparison.Ordinal);
        Assert.Contains("complete", text, StringComparison.Ordinal);

        var json = JsonNode.Parse(await OutputAsync("info", _checkpoint.Model, "--json", "--max-pixels", "90000"))!;
        Assert.Equal(90_000, (int)json["images"]!);
        Assert.False((bool)json["rationales"]!);
    }

    [Fact]
    public async Task The_orientation_in_force_is_said()
    {
        Assert.Contains("pixels are taken as they are stored", await OutputAsync("info", _checkpoint.Model), StringComparison.Ordinal);
        Assert.False(await UprightAsync());
        Assert.True(await UprightAsync("--exif-orientation"));
        Edit("preprocessor_config.json", json => json["exif_orientation"] = true);
        Assert.Contains("photographs are turned upright", await OutputAsync("info", _checkpoint.Model), StringComparison.Ordinal);
        Assert.True(await UprightAsync());
        Assert.False(await UprightAsync("--exif-orientation", "false"));

        async Task<bool> UprightAsync(params string[] options) =>
            (bool)JsonNode.Parse(await OutputAsync(["info", _checkpoint.Model, "--json", .. options]))!["exif orientation"]!;
    }

    [Fact]
    public async Task What_an_adapter_brings_is_said_and_whether_it_fits()
    {
        var adapter = Directory.CreateDirectory(_checkpoint.PathOf("adapter")).FullName;
        File.WriteAllText(Path.Combine(adapter, "adapter_config.json"), """{"peft_type":"LORA","r":1,"lora_alpha":1}""");
        var header = """{"base_model.model.lm_head.weight":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"""u8;
        await File.WriteAllBytesAsync(
            Path.Combine(adapter, "adapter_model.safetensors"),
            [.. BitConverter.GetBytes((long)header.Length), .. header, 0, 0, 0, 0],
            TestContext.Current.CancellationToken
        );
        foreach (var file in new[] { "tokenizer.json", "preprocessor_config.json" })
            File.Copy(Path.Combine(_checkpoint.Model, file), Path.Combine(adapter, file));
        var (code, output, _) = await RunAsync("info", _checkpoint.Model, "--adapter", adapter);
        Assert.Equal(ExitCodes.Failure, code);
        Assert.Contains("LoRA of rank 1", output, StringComparison.Ordinal);
        Assert.Contains("from the adapter", output, StringComparison.Ordinal);
        Assert.Contains("modules_to_save", output.ReplaceLineEndings(" "), StringComparison.Ordinal);
    }

    private void Edit(string file, Action<JsonObject> change)
    {
        var path = Path.Combine(_checkpoint.Model, file);
        var json = JsonNode.Parse(File.ReadAllText(path))!.AsObject();
        change(json);
        File.WriteAllText(path, json.ToJsonString());
    }

    public void Dispose() => _checkpoint.Dispose();
}
