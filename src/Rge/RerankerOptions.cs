using Rge.Imaging;
using Rge.Models;

namespace Rge;

/// <summary>How a <see cref="Reranker"/> works.</summary>
public sealed record RerankerOptions
{
    /// <summary>Number type and device of the model.</summary>
    public QwenVlModelOptions Model { get; init; } = new();

    /// <summary>How the checkpoint is called; <see langword="null"/> to recognise it in the folder that is loaded.</summary>
    public ModelPreset? Preset { get; init; }

    /// <summary>
    /// Limits on concurrent work. What all pairs of a call begin with, which is the query, is read once unless
    /// <see cref="DecodingEngineOptions.MaxPrefixTokens"/> is 0.
    /// </summary>
    public DecodingEngineOptions Decoder { get; init; } = new() { MaxPrefixTokens = 2048 };

    /// <summary>Documents of a call that are prepared together, at least 1: their images wait in memory.</summary>
    public int PrefetchItems { get; init; } = 32;

    /// <summary>Longest prompt of a pair in tokens, at least 1; <see langword="null"/> for the checkpoint's positions.</summary>
    public int? MaxPromptTokens { get; init; }

    /// <summary>How images are read and resized; <see langword="null"/> for what the preset says.</summary>
    public ImageOptions? Images { get; init; }

    /// <summary>Limits on the size of an image.</summary>
    public ImageLimits ImageLimits { get; init; } = ImageLimits.Default;

    /// <summary>Name of the model in results; <see langword="null"/> for the folder's name.</summary>
    public string? ModelId { get; init; }
}
