using System.Text.Json.Nodes;
using static TorchSharp.torch;

namespace Rge.Models;

/// <summary>A random Qwen3.5: the nested config.json of the released checkpoints.</summary>
internal sealed class RandomQwen35Config(ModelShape shape) : RandomConfig(shape)
{
    private const double RotaryShare = 0.25;

    public override string TokenizerClass => "Qwen3_5Tokenizer";

    protected override int Frequencies => (int)(HeadDim * RotaryShare) / 2;

    private int HeadDim => Shape.HiddenSize / Shape.Heads;

    public override JsonObject Preprocessor() =>
        new()
        {
            ["image_processor_type"] = "Qwen2VLImageProcessorFast",
            ["processor_class"] = "Qwen3VLProcessor",
            ["min_pixels"] = Shape.MinPixels,
            ["max_pixels"] = Shape.MaxPixels,
            ["patch_size"] = 16,
            ["temporal_patch_size"] = 2,
            ["merge_size"] = 2,
            ["image_mean"] = new JsonArray(0.5, 0.5, 0.5),
            ["image_std"] = new JsonArray(0.5, 0.5, 0.5),
        };

    public override JsonObject Config(ScalarType dtype, int firstSpecial) =>
        new()
        {
            ["architectures"] = new JsonArray("Qwen3_5ForConditionalGeneration"),
            ["model_type"] = "qwen3_5",
            ["tie_word_embeddings"] = true,
            ["torch_dtype"] = dtype.ToString().ToLowerInvariant(),
            ["vision_start_token_id"] = Id("<|vision_start|>", firstSpecial),
            ["vision_end_token_id"] = Id("<|vision_end|>", firstSpecial),
            ["image_token_id"] = Id("<|image_pad|>", firstSpecial),
            ["video_token_id"] = Id("<|video_pad|>", firstSpecial),
            ["text_config"] = Text(firstSpecial),
            ["vision_config"] = Vision(),
        };

    /// <summary>The norms of the decoder store their weight less one, but for those of what a gated delta net reads.</summary>
    public override Tensor NormWeight(string name, long[] size) =>
        name.Contains(".visual.", StringComparison.Ordinal) || name.Contains(".linear_attn.", StringComparison.Ordinal)
            ? ones(size)
            : zeros(size);

    private JsonObject Text(int firstSpecial) =>
        new()
        {
            ["model_type"] = "qwen3_5_text",
            ["hidden_size"] = Shape.HiddenSize,
            ["intermediate_size"] = Shape.IntermediateSize,
            ["num_hidden_layers"] = Shape.Layers,
            ["num_attention_heads"] = Shape.Heads,
            ["num_key_value_heads"] = Shape.KeyValueHeads,
            ["head_dim"] = HeadDim,
            ["attn_output_gate"] = true,
            ["full_attention_interval"] = 4,
            ["layer_types"] = new JsonArray([
                .. Enumerable.Range(1, Shape.Layers).Select(layer => (JsonNode)(layer % 4 == 0 ? "full_attention" : "linear_attention")),
            ]),
            ["linear_num_key_heads"] = Shape.KeyValueHeads,
            ["linear_num_value_heads"] = Shape.Heads,
            ["linear_key_head_dim"] = HeadDim,
            ["linear_value_head_dim"] = HeadDim,
            ["linear_conv_kernel_dim"] = 4,
            ["vocab_size"] = Shape.VocabSize,
            ["max_position_embeddings"] = 262144,
            ["rms_norm_eps"] = 1e-6,
            ["hidden_act"] = "silu",
            ["rope_parameters"] = new JsonObject
            {
                ["rope_type"] = "default",
                ["rope_theta"] = Shape.RopeTheta,
                ["mrope_section"] = Section(),
                ["mrope_interleaved"] = true,
                ["partial_rotary_factor"] = RotaryShare,
            },
            ["tie_word_embeddings"] = true,
            ["bos_token_id"] = Id("<|endoftext|>", firstSpecial),
            ["eos_token_id"] = Id("<|im_end|>", firstSpecial),
        };

    private JsonObject Vision() =>
        new()
        {
            ["model_type"] = "qwen3_5",
            ["depth"] = Shape.VisionDepth,
            ["hidden_size"] = Shape.VisionHiddenSize,
            ["intermediate_size"] = Shape.VisionIntermediateSize,
            ["num_heads"] = Shape.VisionHeads,
            ["out_hidden_size"] = Shape.HiddenSize,
            ["patch_size"] = 16,
            ["spatial_merge_size"] = 2,
            ["temporal_patch_size"] = 2,
            ["num_position_embeddings"] = 2304,
            ["deepstack_visual_indexes"] = new JsonArray(),
            ["hidden_act"] = "gelu_pytorch_tanh",
            ["in_channels"] = 3,
        };
}
