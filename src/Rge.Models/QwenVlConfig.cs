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

    /// <summary>
    /// What the checkpoint's linear layers were quantised with, in words, such as <c>AWQ (4 bits)</c>; <see langword="null"/> where their
    /// weights are numbers of the model's type.
    /// </summary>
    public string? QuantizedWith => Quantization?.Name;

    /// <summary>How linear layers are stored in few bits; null where they are not.</summary>
    internal QuantizationConfig? Quantization { get; init; }

    /// <summary>The file as it was read; written back when a model is saved, so that fields unknown here are kept.</summary>
    public required JsonObject Source { get; init; }

    /// <summary>Reads <c>config.json</c> of a checkpoint folder.</summary>
    /// <exception cref="CheckpointException">The file is missing, is not JSON, lacks a field, or describes a model that is not
    /// supported.</exception>
    public static QwenVlConfig Load(string folder)
    {
        var path = Path.Combine(folder, FileName);
        if (!File.Exists(path) && (File.Exists(folder) || Directory.Exists(folder)))
            throw new CheckpointException(ForeignWeights.In(folder) ?? $"{folder} is no checkpoint: it has no {FileName}.");
        return Parse(JsonFile.ReadObject(path), path);
    }

    /// <summary>Reads a parsed config.</summary>
    /// <param name="json">The object at the top of the file.</param>
    /// <param name="path">Name of the file, for messages.</param>
    /// <exception cref="CheckpointException">A field is missing or has a value that is not supported.</exception>
    public static QwenVlConfig Parse(JsonObject json, string path)
    {
        ArgumentNullException.ThrowIfNull(json);
        var quantization = QuantizationConfig.Read(json, path);
        var root = new ConfigReader(json, path);
        var modelType = root.String("model_type");
        var (family, definition) = FamilyRegistry.Find(modelType)
            ?? throw root.Error("model_type", $"is '{modelType}', expected {FamilyRegistry.ModelTypes}");
        var text = root.Section("text_config") ?? root;
        var vision = root.Section("vision_config") ?? throw root.Error("vision_config", "is missing");
        var textConfig = definition.ReadText(root, text);
        var visionConfig = definition.ReadVision(vision, textConfig.HiddenSize);
        if (visionConfig.DeepstackBlocks.Count > textConfig.NumHiddenLayers)
            throw vision.Error(
                "deepstack_visual_indexes",
                $"names {visionConfig.DeepstackBlocks.Count} blocks, expected at most the {textConfig.NumHiddenLayers} decoder layers"
            );
        return new QwenVlConfig
        {
            Family = family,
            Text = textConfig,
            Vision = visionConfig,
            ImageTokenId = root.Int("image_token_id", 0, textConfig.VocabSize - 1),
            VideoTokenId = root.Int("video_token_id", -1, textConfig.VocabSize - 1, fallback: -1),
            VisionStartTokenId = root.Int("vision_start_token_id", 0, textConfig.VocabSize - 1),
            VisionEndTokenId = root.Int("vision_end_token_id", -1, textConfig.VocabSize - 1, fallback: -1),
            Quantization = quantization,
            Source = json,
        };
    }

    /// <summary>The configuration of the same model with another vocabulary, or with its output projection tied otherwise.</summary>
    internal QwenVlConfig WithVocabulary(int rows, bool tied)
    {
        if (rows == Text.VocabSize && tied == Text.TieWordEmbeddings)
            return this;
        var source = (JsonObject)Source.DeepClone();
        var text = source["text_config"] as JsonObject ?? source;
        text["vocab_size"] = rows;
        source["tie_word_embeddings"] = tied;
        if (text.ContainsKey("tie_word_embeddings"))
            text["tie_word_embeddings"] = tied;
        return this with { Text = Text with { VocabSize = rows, TieWordEmbeddings = tied }, Source = source };
    }
}
