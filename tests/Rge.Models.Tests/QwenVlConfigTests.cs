using System.Text;
using System.Text.Json.Nodes;
using CsCheck;
using Rge.Tests.Shared;

namespace Rge.Models.Tests;

public sealed class QwenVlConfigTests
{
    [Theory]
    [InlineData("qwen2_vl")]
    [InlineData("qwen2_5_vl")]
    public void The_nested_layout_reads_like_the_flat_one(string family)
    {
        var flat = QwenVlConfig.Load(Golden.Require(Golden.Family(family), "model"));
        var path = Golden.Require(Golden.Family(family), "config.nested.json");
        var nested = QwenVlConfig.Parse(JsonNode.Parse(File.ReadAllText(path))!.AsObject(), path);
        // The newer layout says which token pads, the released ones do not; it only matters to gradients.
        Assert.Equal(Shown(flat), Shown(nested with { Text = nested.Text with { PadTokenId = flat.Text.PadTokenId } }));
    }

    [Fact]
    public void The_layout_of_the_released_3B_checkpoint_is_read()
    {
        var config = QwenVlConfig.Parse(
            JsonNode
                .Parse(
                    """
                    {"architectures":["Qwen2_5_VLForConditionalGeneration"],"attention_dropout":0.0,"bos_token_id":151643,"eos_token_id":151645,
                     "vision_start_token_id":151652,"vision_end_token_id":151653,"vision_token_id":151654,"image_token_id":151655,"video_token_id":151656,
                     "hidden_act":"silu","hidden_size":2048,"initializer_range":0.02,"intermediate_size":11008,"max_position_embeddings":128000,
                     "max_window_layers":70,"model_type":"qwen2_5_vl","num_attention_heads":16,"num_hidden_layers":36,"num_key_value_heads":2,
                     "rms_norm_eps":1e-06,"rope_theta":1000000.0,"sliding_window":32768,"tie_word_embeddings":true,"torch_dtype":"bfloat16","use_cache":true,
                     "use_sliding_window":false,"vision_config":{"depth":32,"hidden_act":"silu","hidden_size":1280,"intermediate_size":3420,"num_heads":16,
                     "in_chans":3,"out_hidden_size":2048,"patch_size":14,"spatial_merge_size":2,"spatial_patch_size":14,"window_size":112,
                     "fullatt_block_indexes":[7,15,23,31],"tokens_per_second":2,"temporal_patch_size":2},
                     "rope_scaling":{"type":"mrope","mrope_section":[16,24,24]},"vocab_size":151936}
                    """
                )!
                .AsObject(),
            "config.json"
        );
        Assert.Equal((128, 2, true), (config.Text.HeadDim, config.Text.NumKeyValueHeads, config.Text.TieWordEmbeddings));
        Assert.Equal([7, 15, 23, 31], config.Vision.FullAttentionBlocks);
        Assert.Equal(1176, config.Vision.PatchLength);
        // 3.75 thousand million parameters, as the model's card says.
        Assert.Equal(3_754_622_976, ParameterLayout.Create(config).Values.Sum(shape => shape.Aggregate(1L, (a, b) => a * b)));
    }

    [Theory]
    [InlineData("model_type", "\"llama\"", "model_type is 'llama', expected qwen2_vl, qwen2_5_vl, qwen3_vl or qwen3_5")]
    [InlineData("hidden_size", "\"wide\"", "hidden_size is \"wide\", expected a whole number")]
    [InlineData("hidden_size", "-4", "hidden_size is -4")]
    [InlineData("num_hidden_layers", null, "num_hidden_layers is missing")]
    [InlineData("num_key_value_heads", "3", "does not divide the 4 attention heads")]
    [InlineData("use_sliding_window", "true", "sliding-window attention is not supported")]
    [InlineData("vision_config", null, "vision_config is missing")]
    [InlineData("rope_scaling", """{"type":"yarn"}""", "is 'yarn', expected mrope or default")]
    [InlineData("rope_scaling", """{"type":"mrope","mrope_section":[1,2]}""", "sum to half the head dimension, 8")]
    [InlineData("rope_scaling", """{"type":"mrope","mrope_section":[2147483647,2147483647,2]}""", "sum to half the head dimension, 8")]
    [InlineData("rope_scaling", """{"type":"mrope","mrope_section":[1e400,3,3]}""", "expected a list of whole numbers")]
    [InlineData("rms_norm_eps", "1e999", "expected a number from 0 to 1")]
    [InlineData("image_token_id", "4096", "image_token_id is 4096")]
    [InlineData("pad_token_id", "96", "pad_token_id is 96, expected a whole number from -96 to 95")]
    [InlineData(
        "quantization_config",
        """{"quant_method":"awq","bits":4}""",
        "quantization_config says that the weights are quantised with AWQ (4 bits)"
    )]
    [InlineData("quantization_config", """{"quant_method":"gptq","bits":8}""", "GPTQ (8 bits)")]
    [InlineData("quantization_config", """{"quant_method":"fp8","activation_scheme":"dynamic"}""", "quantised with FP8")]
    [InlineData("quantization_config", """{"load_in_4bit":true,"quant_method":"bitsandbytes"}""", "bitsandbytes (4 bits)")]
    [InlineData("quantization_config", """{"load_in_8bit":true}""", "bitsandbytes (8 bits)")]
    [InlineData("compression_config", """{"quant_method":"compressed-tensors"}""", "compressed-tensors")]
    public void A_bad_field_is_named_with_what_was_expected(string field, string? value, string message)
    {
        var json = TinyModel.Json(ModelFamily.Qwen25Vl);
        json.Remove(field);
        if (value is not null)
            json[field] = JsonNode.Parse(value);
        var error = Assert.Throws<CheckpointException>(() => QwenVlConfig.Parse(json, "folder/config.json"));
        Assert.StartsWith("folder/config.json: ", error.Message, StringComparison.Ordinal);
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Damaged_files_give_our_error_or_a_config()
    {
        var folder = Directory.CreateTempSubdirectory("rge-config-").FullName;
        var bytes = Encoding.UTF8.GetBytes(TinyModel.Json(ModelFamily.Qwen3Vl).ToJsonString());
        Gen.Select(Gen.Int[0, bytes.Length - 1], Gen.Byte, Gen.Int[0, bytes.Length])
            .Sample(
                (at, value, length) =>
                {
                    var damaged = (byte[])bytes.Clone();
                    damaged[at] = value;
                    var path = Path.Combine(folder, Guid.NewGuid().ToString("N"));
                    Directory.CreateDirectory(path);
                    File.WriteAllBytes(Path.Combine(path, "config.json"), at % 2 == 0 ? damaged : damaged[..length]);
                    try
                    {
                        Assert.NotNull(QwenVlConfig.Load(path));
                    }
                    catch (CheckpointException e)
                    {
                        Assert.Contains("config.json", e.Message, StringComparison.Ordinal);
                    }
                },
                iter: 400,
                threads: 1
            );
        Directory.Delete(folder, recursive: true);
    }

    private static string Shown(QwenVlConfig config) =>
        string.Join("\n", ParameterLayout.Create(config).Select(p => $"{p.Key} [{string.Join(",", p.Value)}]"))
        + $"\n{config.Family} {config.ImageTokenId} {config.VideoTokenId} {config.VisionStartTokenId} {config.VisionEndTokenId}"
        + $"\n{config.Text with { MropeSection = [] }} {string.Join(",", config.Text.MropeSection)}"
        + $"\n{config.Vision with { FullAttentionBlocks = [], DeepstackBlocks = [] }} "
        + $"{string.Join(",", config.Vision.FullAttentionBlocks)} {string.Join(",", config.Vision.DeepstackBlocks)}";
}
