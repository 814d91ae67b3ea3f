using System.Text.Json.Nodes;
using static TorchSharp.torch;

namespace Rge.Models;

/// <summary>A random Qwen2.5-VL: the flat config.json of the released checkpoints.</summary>
internal sealed class RandomQwen25VlConfig(ModelShape shape) : RandomConfig(shape)
{
    public override string TokenizerClass => "Qwen2Tokenizer";

    protected override int Frequencies => Shape.HiddenSize / Shape.Heads / 2;

    public override JsonObject Preprocessor() =>
        new()
        {
            ["image_processor_type"] = "Qwen2VLImageProcessor",
            ["processor_class"] = "Qwen2_5_VLProcessor",
            ["min_pixels"] = Shape.MinPixels,
            ["max_pixels"] = Shape.MaxPixels,
            ["patch_size"] = 14,
            ["temporal_patch_size"] = 2,
            ["merge_size"] = 2,
            ["image_mean"] = new JsonArray(0.48145466, 0.4578275, 0.40821073),
            ["image_std"] = new JsonArray(0.26862954, 0.26130258, 0.27577711),
        };

    public override JsonObject Config(ScalarType dtype, int firstSpecial) =>
        new()
        {
            ["architectures"] = new JsonArray("Qwen2_5_VLForConditionalGeneration"),
            ["model_type"] = "qwen2_5_vl",
            ["hidden_size"] = Shape.HiddenSize,
            ["intermediate_size"] = Shape.IntermediateSize,
            ["num_hidden_layers"] = Shape.Layers,
            ["num_attention_heads"] = Shape.Heads,
            ["num_key_value_heads"] = Shape.KeyValueHeads,
            ["vocab_size"] = Shape.VocabSize,
            ["max_position_embeddings"] = 128000,
            ["rms_norm_eps"] = 1e-6,
            ["hidden_act"] = "silu",
            ["rope_theta"] = Shape.RopeTheta,
            ["rope_scaling"] = new JsonObject { ["type"] = "mrope", ["mrope_section"] = Section() },
            ["use_sliding_window"] = false,
            ["tie_word_embeddings"] = true,
            ["torch_dtype"] = dtype.ToString().ToLowerInvariant(),
            ["bos_token_id"] = Id("<|endoftext|>", firstSpecial),
            ["eos_token_id"] = Id("<|im_end|>", firstSpecial),
            ["vision_start_token_id"] = Id("<|vision_start|>", firstSpecial),
            ["vision_end_token_id"] = Id("<|vision_end|>", firstSpecial),
            ["image_token_id"] = Id("<|image_pad|>", firstSpecial),
            ["video_token_id"] = Id("<|video_pad|>", firstSpecial),
            ["vision_config"] = new JsonObject
            {
                ["depth"] = Shape.VisionDepth,
                ["hidden_size"] = Shape.VisionHiddenSize,
                ["intermediate_size"] = Shape.VisionIntermediateSize,
                ["num_heads"] = Shape.VisionHeads,
                ["out_hidden_size"] = Shape.HiddenSize,
                ["patch_size"] = 14,
                ["spatial_merge_size"] = 2,
                ["temporal_patch_size"] = 2,
                ["window_size"] = 112,
                ["fullatt_block_indexes"] = new JsonArray([.. Shape.FullAttentionBlocks.Select(b => (JsonNode)b)]),
                ["tokens_per_second"] = 2,
                ["hidden_act"] = "silu",
                ["in_chans"] = 3,
            },
        };
}
