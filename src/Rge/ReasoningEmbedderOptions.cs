using Rge.Imaging;
using Rge.Models;
using Rge.Presets;

namespace Rge;

/// <summary>How a <see cref="ReasoningEmbedder"/> works, unless a call overrides it.</summary>
public sealed record ReasoningEmbedderOptions
{
    /// <summary>Number type and device of the model.</summary>
    public QwenVlModelOptions Model { get; init; } = new();

    /// <summary>
    /// How rationales are written; <see langword="null"/> for what the generation_config.json of the adapter or the checkpoint says, with
    /// the longest rationale of the preset where that has one.
    /// </summary>
    public GenerationOptions? Generation { get; init; }

    /// <summary>
    /// How the checkpoint is called; <see langword="null"/> to recognise it in the folder that is loaded, or for
    /// <see cref="ModelPreset.Rge"/> where a model is given. A chat template that the preset names by its file is read where a folder is
    /// loaded; a given processor must have it.
    /// </summary>
    public ModelPreset? Preset { get; init; }

    /// <summary>
    /// <see cref="EmbeddingPooling.LastToken"/> is another way to ask for <see cref="ModelPreset.LastToken"/>, and excludes a
    /// <see cref="Preset"/>. Nothing reasons then unless asked to, which is an error.
    /// </summary>
    public EmbeddingPooling Pooling { get; init; }

    /// <summary>Whether queries reason.</summary>
    public ReasoningMode QueryReasoning { get; init; } = ReasoningMode.On;

    /// <summary>Whether targets reason.</summary>
    public ReasoningMode TargetReasoning { get; init; } = ReasoningMode.Off;

    /// <summary>Limits on concurrent work.</summary>
    public DecodingEngineOptions Decoder { get; init; } = new();

    /// <summary>
    /// Items of a call that are prepared together, at least 1: their images are decoded concurrently and wait in memory, up to 19 MB each
    /// at 1024 image tokens, while at most as many items before them are computed.
    /// </summary>
    public int PrefetchItems { get; init; } = 32;

    /// <summary>
    /// Longest prompt of an item in tokens, image tokens and a given rationale included, at least 1; <see langword="null"/> for the
    /// checkpoint's positions.
    /// </summary>
    public int? MaxPromptTokens { get; init; }

    /// <summary>
    /// Images whose features are kept when no call uses them any more, so that another call about the same image need not encode it again:
    /// for services whose users repeat queries with other words or an edited rationale. 8 MB each at 1024 image tokens of a
    /// 3B checkpoint. 0 keeps none.
    /// </summary>
    public int VisionCacheSize { get; init; }

    /// <summary>
    /// How images are read and resized: largest and smallest area, orientation, files that end early. <see langword="null"/> for
    /// <see cref="Imaging.ImageOptions.Default"/>, or for the options of a given processor.
    /// </summary>
    public ImageOptions? Images { get; init; }

    /// <summary>Limits on the size of an image.</summary>
    public ImageLimits ImageLimits { get; init; } = ImageLimits.Default;

    /// <summary>Name of the model in results; <see langword="null"/> for the folder's name.</summary>
    public string? ModelId { get; init; }

    /// <summary>The preset that is asked for; <see langword="null"/> where none is.</summary>
    /// <exception cref="ArgumentException">Two are.</exception>
    internal ModelPreset? AskedPreset =>
        Pooling == EmbeddingPooling.Emb ? Preset
        : Preset is null ? ModelPreset.LastToken
        : throw new ArgumentException($"Both a preset ({Preset.Name}) and {nameof(EmbeddingPooling.LastToken)} are given, expected one.");

    /// <summary>Whether items of a role reason, as far as the preset leaves it open.</summary>
    internal ReasoningMode ReasoningOf(ItemRole role, ModelPreset preset) =>
        preset.Reasoning.Items switch
        {
            ReasoningItems.None => ReasoningMode.Off,
            ReasoningItems.All => ReasoningMode.On,
            _ => role == ItemRole.Query ? QueryReasoning : TargetReasoning,
        };
}
