using System.Text.Json.Nodes;
using Rge.Files;
using Rge.Models.Checkpoints;
using Rge.Models.Tensors;
using Rge.Text;
using static TorchSharp.torch;

namespace Rge.Models;

/// <summary>Writes Qwen2.5-VL checkpoints whose weights are random: complete folders that this library and transformers load.</summary>
public static class RandomCheckpoint
{
    private const double Deviation = 0.02;

    /// <summary>Rows of the vocabulary that single bytes take, and those kept for special tokens.</summary>
    private const int ByteTokens = 256,
        SpecialRows = 20;

    /// <summary>Writes config, tokenizer, processor settings and weights.</summary>
    /// <param name="folder">Folder to write; made when needed.</param>
    /// <param name="shape">Size of the model.</param>
    /// <param name="seed">Seed of the weights.</param>
    /// <param name="dtype">Number type of the weights.</param>
    /// <param name="merges">Merges of the tokenizer, as <see cref="BytePairFiles.Write"/> takes them; <see langword="null"/> fills the
    /// vocabulary with letter strings.</param>
    /// <param name="chatTemplate">The chat template (Jinja); <see langword="null"/> for that of Qwen2-VL.</param>
    /// <param name="cancellationToken">Stops between tensors; the folder then has no weights.</param>
    /// <exception cref="CheckpointException">The folder already contains a checkpoint.</exception>
    /// <exception cref="ArgumentException">The vocabulary has no room for the merges.</exception>
    public static void Write(
        string folder,
        ModelShape shape,
        int seed,
        ScalarType dtype,
        IReadOnlyList<(string Left, string Right)>? merges = null,
        string? chatTemplate = null,
        CancellationToken cancellationToken = default
    )
    {
        ArgumentNullException.ThrowIfNull(shape);
        TorchLibrary.Require();
        merges ??= BytePairFiles.LetterMerges(shape.VocabSize - SpecialRows - ByteTokens);
        if (ByteTokens + merges.Count + SpecialRows > shape.VocabSize)
            throw new ArgumentException(
                $"{merges.Count} merges do not fit a vocabulary of {shape.VocabSize}, which has {ByteTokens} bytes and {SpecialRows} "
                    + "special tokens.",
                nameof(merges)
            );
        if (File.Exists(Path.Combine(folder, QwenVlConfig.FileName)))
            throw new CheckpointException($"{folder} already contains a checkpoint.");
        Directory.CreateDirectory(folder);
        BytePairFiles.Write(folder, merges);
        if (chatTemplate is not null)
            AtomicFile.WriteText(Path.Combine(folder, "chat_template.jinja"), chatTemplate);
        AtomicFile.WriteJson(Path.Combine(folder, "preprocessor_config.json"), Preprocessor(shape));
        AtomicFile.WriteJson(
            Path.Combine(folder, "generation_config.json"),
            new JsonObject
            {
                ["do_sample"] = true,
                ["temperature"] = 1e-6,
                ["repetition_penalty"] = 1.05,
            }
        );
        var json = Config(shape, dtype, firstSpecial: ByteTokens + merges.Count);
        var config = QwenVlConfig.Parse(json, Path.Combine(folder, QwenVlConfig.FileName));
        using var generator = new Generator((ulong)seed);
        using var scope = NewDisposeScope();
        var weights = ParameterLayout.Create(config).ToDictionary(p => p.Key, p => Fill(p.Key, p.Value), StringComparer.Ordinal);
        Checkpoint.Save(folder, weights, WeightNaming.Old, cancellation: cancellationToken);

        // Last, because a folder counts as a checkpoint once it has a config.
        AtomicFile.WriteJson(Path.Combine(folder, QwenVlConfig.FileName), json);

        Tensor Fill(string name, long[] size)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var isNorm = size.Length == 1 && name.EndsWith(".weight", StringComparison.Ordinal);
            using var values = isNorm ? ones(size) : randn(size, generator: generator).Mul_(Deviation);
            return values.to(dtype, copy: true);
        }
    }

    private static JsonObject Preprocessor(ModelShape shape) =>
        new()
        {
            ["image_processor_type"] = "Qwen2VLImageProcessor",
            ["processor_class"] = "Qwen2_5_VLProcessor",
            ["min_pixels"] = shape.MinPixels,
            ["max_pixels"] = shape.MaxPixels,
            ["patch_size"] = 14,
            ["temporal_patch_size"] = 2,
            ["merge_size"] = 2,
            ["image_mean"] = new JsonArray(0.48145466, 0.4578275, 0.40821073),
            ["image_std"] = new JsonArray(0.26862954, 0.26130258, 0.27577711),
        };

    private static JsonObject Config(ModelShape s, ScalarType dtype, int firstSpecial)
    {
        int frequencies = s.HiddenSize / s.Heads / 2,
            time = frequencies / 4,
            height = (frequencies - time) / 2;
        int[] section = s.MropeSection?.ToArray() ?? [time, height, frequencies - time - height];
        int Id(string token) => firstSpecial + Array.IndexOf([.. BytePairFiles.SpecialTokens], token);
        return new JsonObject
        {
            ["architectures"] = new JsonArray("Qwen2_5_VLForConditionalGeneration"),
            ["model_type"] = "qwen2_5_vl",
            ["hidden_size"] = s.HiddenSize,
            ["intermediate_size"] = s.IntermediateSize,
            ["num_hidden_layers"] = s.Layers,
            ["num_attention_heads"] = s.Heads,
            ["num_key_value_heads"] = s.KeyValueHeads,
            ["vocab_size"] = s.VocabSize,
            ["max_position_embeddings"] = 128000,
            ["rms_norm_eps"] = 1e-6,
            ["hidden_act"] = "silu",
            ["rope_theta"] = s.RopeTheta,
            ["rope_scaling"] = new JsonObject
            {
                ["type"] = "mrope",
                ["mrope_section"] = new JsonArray([.. section.Select(count => (JsonNode)count)]),
            },
            ["use_sliding_window"] = false,
            ["tie_word_embeddings"] = true,
            ["torch_dtype"] = dtype.ToString().ToLowerInvariant(),
            ["bos_token_id"] = Id("<|endoftext|>"),
            ["eos_token_id"] = Id("<|im_end|>"),
            ["vision_start_token_id"] = Id("<|vision_start|>"),
            ["vision_end_token_id"] = Id("<|vision_end|>"),
            ["image_token_id"] = Id("<|image_pad|>"),
            ["video_token_id"] = Id("<|video_pad|>"),
            ["vision_config"] = new JsonObject
            {
                ["depth"] = s.VisionDepth,
                ["hidden_size"] = s.VisionHiddenSize,
                ["intermediate_size"] = s.VisionIntermediateSize,
                ["num_heads"] = s.VisionHeads,
                ["out_hidden_size"] = s.HiddenSize,
                ["patch_size"] = 14,
                ["spatial_merge_size"] = 2,
                ["temporal_patch_size"] = 2,
                ["window_size"] = 112,
                ["fullatt_block_indexes"] = new JsonArray([.. s.FullAttentionBlocks.Select(b => (JsonNode)b)]),
                ["tokens_per_second"] = 2,
                ["hidden_act"] = "silu",
                ["in_chans"] = 3,
            },
        };
    }
}
