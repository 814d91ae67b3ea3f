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

    [Fact]
    public void The_layout_of_a_released_Qwen35_is_read()
    {
        var config = Qwen35();
        Assert.Equal((256, 64, 1e7, true), (config.Text.HeadDim, config.Text.RotaryDim, config.Text.RopeTheta, config.Text.AttentionGate));
        Assert.Equal([11, 11, 10], config.Text.MropeSection);
        Assert.Equal([0, 1, 2, 4, 5, 6], config.Text.DeltaNet!.Layers);
        Assert.Equal((6144, 4), (config.Text.DeltaNet.Channels, config.Text.DeltaNet.ConvKernelDim));
        Assert.Equal(
            (0, 2304, "gelu_pytorch_tanh"),
            (config.Vision.DeepstackBlocks.Count, config.Vision.NumPositionEmbeddings, config.Vision.HiddenAct)
        );
        var layout = ParameterLayout.Create(config);
        Assert.Equal([4096, 2048], layout["model.language_model.layers.3.self_attn.q_proj.weight"]);
        Assert.Equal([6144, 1, 4], layout["model.language_model.layers.0.linear_attn.conv1d.weight"]);
        Assert.Equal(12, ParameterLayout.Float32Names(config).Count);
        Assert.True(ParameterLayout.IsIgnorable(config, "mtp.layers.0.mlp.up_proj.weight"));
        Assert.False(
            ParameterLayout.IsIgnorable(QwenVlConfig.Parse(TinyModel.Json(ModelFamily.Qwen3Vl), "config.json"), "mtp.norm.weight")
        );
    }

    [Fact]
    public void What_Qwen35_leaves_out_has_the_defaults_of_the_reference()
    {
        var config = Qwen35(text =>
        {
            foreach (
                var field in (string[])
                    [
                        "head_dim",
                        "layer_types",
                        "full_attention_interval",
                        "linear_num_key_heads",
                        "linear_key_head_dim",
                        "linear_num_value_heads",
                        "linear_value_head_dim",
                        "linear_conv_kernel_dim",
                        "rope_parameters",
                    ]
            )
                text.Remove(field);
        });
        Assert.Equal((256, 64, 1e7), (config.Text.HeadDim, config.Text.RotaryDim, config.Text.RopeTheta));
        Assert.Equal([11, 11, 10], config.Text.MropeSection);
        Assert.Equal([0, 1, 2, 4, 5, 6], config.Text.DeltaNet!.Layers);
        Assert.Equal(
            (16, 128, 32, 128, 4),
            (
                config.Text.DeltaNet.NumKeyHeads,
                config.Text.DeltaNet.KeyHeadDim,
                config.Text.DeltaNet.NumValueHeads,
                config.Text.DeltaNet.ValueHeadDim,
                config.Text.DeltaNet.ConvKernelDim
            )
        );
    }

    [Theory]
    [InlineData("""{"rope_type":"default","mrope_section":[22,21,21],"partial_rotary_factor":0.5}""", 0.25, 128)] // the newer place decides
    [InlineData("""{"rope_type":"default","mrope_section":[22,21,21]}""", 0.5, 128)]
    [InlineData("""{"rope_type":"default"}""", null, 64)]
    public void The_share_of_a_head_that_rotates_is_found_in_both_places(string rope, double? older, int expected) =>
        Assert.Equal(
            expected,
            Qwen35(text =>
            {
                text["rope_parameters"] = JsonNode.Parse(rope);
                text["partial_rotary_factor"] = older;
            }).Text.RotaryDim
        );

    [Theory]
    [InlineData("layer_types", """["linear_attention"]""", "layer_types names 1 layers, expected num_hidden_layers, 8")]
    [InlineData("layer_types", "[3]", "layer_types is [3], expected a list of texts")]
    [InlineData("num_hidden_layers", "7", "layer_types names 8 layers, expected num_hidden_layers, 7")]
    [InlineData("linear_num_value_heads", "24", "linear_num_value_heads is 24, expected a multiple of the 16 key heads")]
    [InlineData("rope_parameters", """{"partial_rotary_factor":0.001}""", "is 0.001, which rotates 0 of a head's 256 numbers")]
    [InlineData("rope_parameters", """{"mrope_section":[3,3,2]}""", "sum to half the 64 numbers of a head that rotate, 32")]
    public void A_bad_field_of_Qwen35_is_named(string field, string value, string message)
    {
        var error = Assert.Throws<CheckpointException>(() => Qwen35(text => text[field] = JsonNode.Parse(value)));
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Other_kinds_of_layers_and_deepstack_are_refused()
    {
        var json = TinyModel.Json(ModelFamily.Qwen35);
        json["layer_types"]![1] = "sliding_attention";
        var error = Assert.Throws<CheckpointException>(() => QwenVlConfig.Parse(json, "config.json"));
        Assert.Contains("has 'sliding_attention', expected linear_attention or full_attention", error.Message, StringComparison.Ordinal);
        json = TinyModel.Json(ModelFamily.Qwen35);
        json["vision_config"]!["deepstack_visual_indexes"] = new JsonArray(1);
        error = Assert.Throws<CheckpointException>(() => QwenVlConfig.Parse(json, "config.json"));
        Assert.Contains("expected none: Qwen3.5 has no deepstack", error.Message, StringComparison.Ordinal);
    }

    /// <summary>The fields of a released config.json, with eight layers.</summary>
    private static QwenVlConfig Qwen35(Action<JsonObject>? change = null)
    {
        var json = JsonNode
            .Parse(
                """
                {"architectures":["Qwen3_5ForConditionalGeneration"],"model_type":"qwen3_5","image_token_id":248056,"video_token_id":248057,
                 "vision_start_token_id":248053,"vision_end_token_id":248054,"tie_word_embeddings":true,
                 "text_config":{"model_type":"qwen3_5_text","attention_bias":false,"attn_output_gate":true,"full_attention_interval":4,"head_dim":256,
                  "hidden_act":"silu","hidden_size":2048,"intermediate_size":6144,"num_hidden_layers":8,"num_attention_heads":8,"num_key_value_heads":2,
                  "layer_types":["linear_attention","linear_attention","linear_attention","full_attention",
                   "linear_attention","linear_attention","linear_attention","full_attention"],
                  "linear_conv_kernel_dim":4,"linear_key_head_dim":128,"linear_num_key_heads":16,"linear_num_value_heads":16,"linear_value_head_dim":128,
                  "mamba_ssm_dtype":"float32","mlp_only_layers":[],"mtp_num_hidden_layers":1,"rms_norm_eps":1e-06,"vocab_size":248320,
                  "rope_parameters":{"mrope_interleaved":true,"mrope_section":[11,11,10],"partial_rotary_factor":0.25,"rope_theta":10000000,
                   "rope_type":"default"},"tie_word_embeddings":true},
                 "vision_config":{"model_type":"qwen3_5","deepstack_visual_indexes":[],"depth":24,"hidden_act":"gelu_pytorch_tanh","hidden_size":1024,
                  "in_channels":3,"intermediate_size":4096,"num_heads":16,"num_position_embeddings":2304,"out_hidden_size":2048,"patch_size":16,
                  "spatial_merge_size":2,"temporal_patch_size":2}}
                """
            )!
            .AsObject();
        change?.Invoke(json["text_config"]!.AsObject());
        return QwenVlConfig.Parse(json, "config.json");
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
        """{"quant_method":"awq","bits":3}""",
        "quantization_config says that the weights are quantised with AWQ (3 bits)"
    )]
    [InlineData("quantization_config", """{"quant_method":"gptq","bits":8}""", "GPTQ (8 bits)")]
    [InlineData(
        "quantization_config",
        """{"quant_method":"awq","bits":4,"version":"gemv"}""",
        "quantization_config.version is \"gemv\", expected gemm"
    )]
    [InlineData(
        "quantization_config",
        """{"quant_method":"gptq","bits":4,"group_size":48}""",
        "quantization_config.group_size is 48, expected a positive multiple of 32, or -1"
    )]
    [InlineData(
        "quantization_config",
        """{"quant_method":"gptq","bits":4,"checkpoint_format":"marlin"}""",
        "quantization_config.checkpoint_format is marlin, expected gptq or gptq_v2"
    )]
    [InlineData(
        "quantization_config",
        """{"quant_method":"rge","bits":4,"version":2}""",
        "quantization_config describes version 2 with 4 bits, expected version 1"
    )]
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
