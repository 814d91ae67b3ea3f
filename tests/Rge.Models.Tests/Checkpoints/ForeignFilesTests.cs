using Rge.Models.Checkpoints;
using Rge.Tests.Shared;

namespace Rge.Models.Tests.Checkpoints;

/// <summary>What is often found in the place of a checkpoint's files is called by its name, with the way out.</summary>
public sealed class ForeignFilesTests : IDisposable
{
    private const string Pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:0123456789abcdef\nsize 3983525352\n";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("config.json")]
    [InlineData("model.safetensors")]
    [InlineData("tokenizer.json")]
    [InlineData("tokenizer_config.json")]
    [InlineData("chat_template.jinja")]
    [InlineData("preprocessor_config.json")]
    [InlineData("merges.txt")]
    public void A_Git_LFS_pointer_is_named_with_the_size_of_the_file(string file)
    {
        RandomCheckpoint.Write(_folder.Path, ModelShape.Tiny, seed: 1, TorchSharp.torch.ScalarType.Float32);
        if (file == "merges.txt")
        {
            File.Delete(_folder.File("tokenizer.json"));
            File.WriteAllText(_folder.File("vocab.json"), """{"a":0}""");
        }
        File.WriteAllText(_folder.File(file), Pointer);
        var message = Assert
            .Throws<CheckpointException>(() =>
            {
                QwenVlProcessor.Load(_folder.Path);
                QwenVlModel.Load(_folder.Path).Dispose();
            })
            .Message;
        Assert.StartsWith(
            $"{_folder.File(file)} is a Git LFS pointer, not the file of 4 GB that it stands for",
            message,
            StringComparison.Ordinal
        );
        Assert.Contains("git lfs pull", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Shards_and_adapters_that_are_pointers_are_named()
    {
        File.WriteAllText(_folder.File(Checkpoint.IndexFile), """{"weight_map":{"a":"model-1.safetensors","b":"model-2.safetensors"}}""");
        File.WriteAllText(_folder.File("model-1.safetensors"), Pointer);
        Assert.Contains("model-2.safetensors, which does not exist", Opening(), StringComparison.Ordinal);
        File.WriteAllText(_folder.File("model-2.safetensors"), Pointer);
        Assert.Contains("model-1.safetensors is a Git LFS pointer", Opening(), StringComparison.Ordinal);

        File.WriteAllText(_folder.File(PeftAdapter.ConfigFile), """{"peft_type":"LORA","r":1,"lora_alpha":1}""");
        File.WriteAllText(_folder.File(PeftAdapter.WeightsFile), Pointer);
        Assert.Contains(
            "adapter_model.safetensors is a Git LFS pointer",
            Assert.Throws<CheckpointException>(() => PeftAdapter.Load(_folder.Path)).Message,
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData("pytorch_model.bin", "PyTorch's own format")]
    [InlineData("pytorch_model-00001-of-00002.bin", "PyTorch's own format")]
    [InlineData("consolidated.00.pth", "PyTorch's own format")]
    [InlineData("qwen2.5-vl-3b-q4_k_m.gguf", "GGUF")]
    [InlineData("model-00001-of-00002.safetensors", "incomplete")]
    [InlineData("adapter_config.json", "is an adapter, not a model")]
    public void Weights_of_another_kind_are_named(string file, string expected)
    {
        File.WriteAllText(_folder.File(file), "{}");
        Assert.Contains(
            expected,
            Assert.Throws<CheckpointException>(() => QwenVlModel.Load(_folder.Path)).Message,
            StringComparison.Ordinal
        );
        File.WriteAllText(_folder.File("config.json"), TinyModel.Json(ModelFamily.Qwen25Vl).ToJsonString());
        var message = Assert.Throws<CheckpointException>(() => QwenVlModel.Load(_folder.Path)).Message;
        Assert.Contains(expected, message, StringComparison.Ordinal);
        Assert.Contains(_folder.Path, message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_in_place_of_the_folder_is_named()
    {
        File.WriteAllText(_folder.File("x.gguf"), "GGUF");
        Assert.Contains(
            "GGUF",
            Assert.Throws<CheckpointException>(() => QwenVlModel.Load(_folder.File("x.gguf"))).Message,
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData("GGUF1234", "is a GGUF file")]
    [InlineData("PK\u0003\u0004    ", "pickle")]
    [InlineData("<!DOCTYPE html><html></html>", "is a web page")]
    [InlineData("<html><body></body></html>", "is a web page")]
    [InlineData("", "is empty")]
    public void A_file_of_another_kind_under_the_name_of_weights_is_named(string content, string expected)
    {
        File.WriteAllText(_folder.File(Checkpoint.SingleFile), content);
        Assert.Contains(expected, Opening(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("model.layers.0.self_attn.q_proj.qweight", "AWQ or GPTQ")]
    [InlineData("model.layers.0.self_attn.q_proj.weight.absmax", "bitsandbytes")]
    [InlineData("model.layers.0.self_attn.q_proj.weight_scale_inv", "FP8")]
    public void Quantised_weights_are_named_by_their_tensors(string tensor, string expected)
    {
        using var scope = TorchSharp.torch.NewDisposeScope();
        SafetensorsWriter.Write(_folder.File(Checkpoint.SingleFile), [new(tensor, TorchSharp.torch.zeros(2))]);
        using var checkpoint = Checkpoint.Open(_folder.Path);
        Assert.Contains(
            expected,
            Assert.Throws<CheckpointException>(() => checkpoint.Require(new Dictionary<string, long[]>(StringComparer.Ordinal))).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void A_number_type_of_quantised_weights_is_named()
    {
        var header = """{"model.embed_tokens.weight":{"dtype":"F8_E4M3","shape":[2],"data_offsets":[0,2]}}"""u8;
        File.WriteAllBytes(_folder.File(Checkpoint.SingleFile), [.. BitConverter.GetBytes((long)header.Length), .. header, 0, 0]);
        Assert.Contains("FP8 weights are quantised", Opening(), StringComparison.Ordinal);
    }

    private string Opening() => Assert.Throws<CheckpointException>(() => Checkpoint.Open(_folder.Path)).Message;
}
