using System.Text.Json.Nodes;
using Rge.Files;
using Rge.Models.Checkpoints;
using Rge.Models.Configuration;

namespace Rge.Models;

/// <summary>
/// A checkpoint's config.json, read from either of its layouts: the flat one of the released checkpoints
/// (decoder fields at the top level) and the nested one of newer tools (<c>text_config</c>).
/// </summary>
public sealed record QwenVlConfig : ModelConfig
{
    /// <summary>Name of the file in a checkpoint folder.</summary>
    public const string FileName = "config.json";

    /// <summary>Which generation of the family this is.</summary>
    public required ModelFamily Family { get; init; }

    /// <summary>The file as it was read; written back when a model is saved, so that fields unknown here are kept.</summary>
    public required JsonObject Source { get; init; }

    /// <summary>Reads <c>config.json</c> of a checkpoint folder.</summary>
    /// <exception cref="CheckpointException">The file is missing, is not JSON, lacks a field, or describes a model that is not supported.</exception>
    public static QwenVlConfig Load(string folder)
    {
        var path = Path.Combine(folder, FileName);
        if (!File.Exists(path) && (File.Exists(folder) || Directory.Exists(folder)))
            throw new CheckpointException(ForeignWeights.In(folder) ?? $"{folder} is no checkpoint: it has no {FileName}.");
        return Parse(ConfigReader.ReadFile(path), path);
    }

    /// <summary>Reads a parsed config.</summary>
    /// <param name="json">The object at the top of the file.</param>
    /// <param name="path">Name of the file, for messages.</param>
    /// <exception cref="CheckpointException">A field is missing or has a value that is not supported.</exception>
    public static QwenVlConfig Parse(JsonObject json, string path)
    {
        ArgumentNullException.ThrowIfNull(json);
        Quantization.Refuse(json, path);
        var root = new ConfigReader(json, path, "");
        var family = root.String("model_type") switch
        {
            "qwen2_vl" => ModelFamily.Qwen2Vl,
            "qwen2_5_vl" => ModelFamily.Qwen25Vl,
            "qwen3_vl" => ModelFamily.Qwen3Vl,
            var other => throw root.Error("model_type", $"is '{other}', expected qwen2_vl, qwen2_5_vl or qwen3_vl"),
        };
        var text = root.Section("text_config") ?? root;
        var vision = root.Section("vision_config") ?? throw root.Error("vision_config", "is missing");
        var textConfig = ReadText(family, root, text);
        var visionConfig = ReadVision(family, vision, textConfig.HiddenSize);
        if (visionConfig.DeepstackBlocks.Count >= textConfig.NumHiddenLayers)
            throw vision.Error("deepstack_visual_indexes", $"names {visionConfig.DeepstackBlocks.Count} blocks, expected fewer than the {textConfig.NumHiddenLayers} decoder layers");
        return new QwenVlConfig
        {
            Family = family,
            Text = textConfig,
            Vision = visionConfig,
            ImageTokenId = root.Int("image_token_id", 0, textConfig.VocabSize - 1),
            VideoTokenId = root.Int("video_token_id", -1, textConfig.VocabSize - 1, fallback: -1),
            VisionStartTokenId = root.Int("vision_start_token_id", 0, textConfig.VocabSize - 1),
            VisionEndTokenId = root.Int("vision_end_token_id", -1, textConfig.VocabSize - 1, fallback: -1),
            Source = json,
        };
    }

    /// <summary>The configuration of the same model with another vocabulary, or with its output projection tied otherwise.</summary>
    internal QwenVlConfig WithVocabulary(int rows, bool tied)
    {
        if (rows == Text.VocabSize && tied == Text.TieWordEmbeddings) return this;
        var source = (JsonObject)Source.DeepClone();
        var text = source["text_config"] as JsonObject ?? source;
        text["vocab_size"] = rows;
        source["tie_word_embeddings"] = tied;
        if (text.ContainsKey("tie_word_embeddings")) text["tie_word_embeddings"] = tied;
        return this with { Text = Text with { VocabSize = rows, TieWordEmbeddings = tied }, Source = source };
    }

    private static int? ReadPadToken(ConfigReader text, int vocabulary)
    {
        if (!text.Has("pad_token_id")) return null;
        // Counted from the end where it is negative, as the reference's embedding does.
        var token = text.Int("pad_token_id", -vocabulary, vocabulary - 1);
        return token < 0 ? token + vocabulary : token;
    }

    private static TextConfig ReadText(ModelFamily family, ConfigReader root, ConfigReader text)
    {
        var hidden = text.Int("hidden_size", 1, 1 << 16);
        var heads = text.Int("num_attention_heads", 1, 1024);
        var keyValueHeads = text.Int("num_key_value_heads", 1, heads, fallback: heads);
        var headDim = text.Int("head_dim", 2, 1024, fallback: hidden / heads);
        if (heads % keyValueHeads != 0) throw text.Error("num_key_value_heads", $"is {keyValueHeads}, which does not divide the {heads} attention heads");
        if (headDim % 2 != 0) throw text.Error("head_dim", $"is {headDim}, expected an even number");
        if (text.String("hidden_act", "silu") is not "silu" and var act) throw text.Error("hidden_act", $"is '{act}', expected silu");
        if (text.Bool("use_sliding_window", false)) throw text.Error("use_sliding_window", "is true; sliding-window attention is not supported");

        var qwen3 = family == ModelFamily.Qwen3Vl;
        var rope = text.Section("rope_parameters") ?? text.Section("rope_scaling");
        var ropeType = rope?.String("rope_type", null) ?? rope?.String("type", null) ?? "default";
        if (ropeType is not ("default" or "mrope")) throw text.Error("rope_scaling.type", $"is '{ropeType}', expected mrope or default");
        var section = rope?.Ints("mrope_section") ?? (qwen3 ? [24, 20, 20] : throw text.Error("rope_scaling.mrope_section", "is missing"));
        if (section.Count != 3 || section.Any(s => s < 0) || section.Sum(s => (long)s) != headDim / 2)
            throw text.Error("mrope_section", $"is [{string.Join(", ", section)}], expected three numbers that sum to half the head dimension, {headDim / 2}");
        var attentionBias = qwen3 && text.Bool("attention_bias", false);
        return new TextConfig
        {
            HiddenSize = hidden,
            IntermediateSize = text.Int("intermediate_size", 1, 1 << 18),
            NumHiddenLayers = text.Int("num_hidden_layers", 1, 1024),
            NumAttentionHeads = heads,
            NumKeyValueHeads = keyValueHeads,
            HeadDim = headDim,
            VocabSize = text.Int("vocab_size", 1, 1 << 24),
            MaxPositionEmbeddings = text.Int("max_position_embeddings", 1, int.MaxValue, fallback: 32768),
            RmsNormEps = text.Double("rms_norm_eps", 0, 1, fallback: 1e-6),
            RopeTheta = text.Double("rope_theta", 1e-6, 1e15, fallback: rope?.Double("rope_theta", 1e-6, 1e15, double.NaN) is { } t && !double.IsNaN(t) ? t : qwen3 ? 5e6 : 1e6),
            MropeSection = section,
            MropeInterleaved = qwen3,
            QkvBias = !qwen3 || attentionBias,
            OutputBias = attentionBias,
            QkNorm = qwen3,
            PadTokenId = ReadPadToken(text, text.Int("vocab_size", 1, 1 << 24)),
            TieWordEmbeddings = root.Bool("tie_word_embeddings", text.Bool("tie_word_embeddings", false)),
        };
    }

    private static VisionConfig ReadVision(ModelFamily family, ConfigReader vision, int textHidden)
    {
        var qwen2 = family == ModelFamily.Qwen2Vl;
        var hidden = vision.Int(qwen2 ? "embed_dim" : "hidden_size", 1, 1 << 16);
        var heads = vision.Int("num_heads", 1, 1024);
        var depth = vision.Int("depth", 1, 1024);
        if (hidden % heads != 0 || hidden / heads % 4 != 0)
            throw vision.Error("num_heads", $"is {heads}, expected a divisor of the width {hidden} that leaves heads of a multiple of 4");
        var act = vision.String("hidden_act", qwen2 ? "quick_gelu" : family == ModelFamily.Qwen25Vl ? "silu" : "gelu_pytorch_tanh")!;
        if (act is not ("silu" or "quick_gelu" or "gelu" or "gelu_pytorch_tanh")) throw vision.Error("hidden_act", $"is '{act}', expected silu, quick_gelu, gelu or gelu_pytorch_tanh");
        var config = new VisionConfig
        {
            Depth = depth,
            HiddenSize = hidden,
            IntermediateSize = qwen2 ? (int)(hidden * vision.Double("mlp_ratio", 1e-3, 64, fallback: 4)) : vision.Int("intermediate_size", 1, 1 << 18),
            NumHeads = heads,
            OutHiddenSize = qwen2 ? vision.Int("hidden_size", 1, 1 << 16) : vision.Int("out_hidden_size", 1, 1 << 16, fallback: textHidden),
            PatchSize = vision.Int("patch_size", 1, 256),
            SpatialMergeSize = vision.Int("spatial_merge_size", 1, 16, fallback: 2),
            TemporalPatchSize = vision.Int("temporal_patch_size", 1, 16, fallback: 2),
            InChannels = vision.Int("in_channels", 1, 16, fallback: vision.Int("in_chans", 1, 16, fallback: 3)),
            HiddenAct = act,
            WindowSize = family == ModelFamily.Qwen25Vl ? vision.Int("window_size", 1, 1 << 16, fallback: 112) : 0,
            FullAttentionBlocks = family == ModelFamily.Qwen25Vl ? vision.Ints("fullatt_block_indexes") ?? [7, 15, 23, 31] : [],
            DeepstackBlocks = family == ModelFamily.Qwen3Vl ? vision.Ints("deepstack_visual_indexes") ?? [8, 16, 24] : [],
            NumPositionEmbeddings = family == ModelFamily.Qwen3Vl ? vision.Int("num_position_embeddings", 1, 1 << 20, fallback: 2304) : 0,
        };
        if (config.OutHiddenSize != textHidden) throw vision.Error(qwen2 ? "hidden_size" : "out_hidden_size", $"is {config.OutHiddenSize}, expected the decoder's width {textHidden}");
        if (config.DeepstackBlocks.Any(b => b < 0 || b >= depth)) throw vision.Error("deepstack_visual_indexes", $"names a block outside 0…{depth - 1}");
        if (family == ModelFamily.Qwen25Vl && config.WindowSize < config.PatchSize * config.SpatialMergeSize)
            throw vision.Error("window_size", $"is {config.WindowSize}, smaller than one merged patch");
        var side = (int)Math.Sqrt(config.NumPositionEmbeddings);
        if (side * side != config.NumPositionEmbeddings) throw vision.Error("num_position_embeddings", $"is {config.NumPositionEmbeddings}, expected a square number");
        return config;
    }
}
