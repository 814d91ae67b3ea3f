using System.Text.Json.Serialization;

namespace Rge.Models.Configuration;

/// <summary>Shape of the vision tower; names are those of config.json.</summary>
public sealed record VisionConfig
{
    /// <summary>Number of blocks.</summary>
    public required int Depth { get; init; }

    /// <summary>Width of a patch inside the tower (<c>embed_dim</c> in Qwen2-VL).</summary>
    public required int HiddenSize { get; init; }

    /// <summary>Width of the blocks' MLP.</summary>
    public required int IntermediateSize { get; init; }

    /// <summary>Attention heads.</summary>
    public required int NumHeads { get; init; }

    /// <summary>Width of a merged patch as handed to the decoder.</summary>
    public required int OutHiddenSize { get; init; }

    /// <summary>Side of a patch in pixels.</summary>
    public required int PatchSize { get; init; }

    /// <summary>Side, in patches, of the square that becomes one image token.</summary>
    public required int SpatialMergeSize { get; init; }

    /// <summary>Frames in a patch; an image is repeated to fill it.</summary>
    public required int TemporalPatchSize { get; init; }

    /// <summary>Colour channels, 3.</summary>
    public required int InChannels { get; init; }

    /// <summary>Activation of the blocks' MLP: <c>silu</c>, <c>quick_gelu</c>, <c>gelu</c> or <c>gelu_pytorch_tanh</c>.</summary>
    public required string HiddenAct { get; init; }

    /// <summary>Qwen2.5-VL: side of an attention window in pixels; 0 elsewhere.</summary>
    public int WindowSize { get; init; }

    /// <summary>Qwen2.5-VL: blocks that attend over the whole image instead of windows.</summary>
    public IReadOnlyList<int> FullAttentionBlocks { get; init; } = [];

    /// <summary>Qwen3-VL: blocks whose output feeds the first decoder layers.</summary>
    public IReadOnlyList<int> DeepstackBlocks { get; init; } = [];

    /// <summary>Qwen3-VL: rows of the square position embedding table; 0 elsewhere.</summary>
    public int NumPositionEmbeddings { get; init; }

    /// <summary>Patches that become one image token.</summary>
    [JsonIgnore]
    public int MergeArea => SpatialMergeSize * SpatialMergeSize;

    /// <summary>Values in one flattened patch.</summary>
    public int PatchLength => InChannels * TemporalPatchSize * PatchSize * PatchSize;
}
