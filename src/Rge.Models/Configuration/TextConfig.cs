using System.Text.Json.Serialization;

namespace Rge.Models.Configuration;

/// <summary>Shape of the decoder; names are those of config.json.</summary>
public sealed record TextConfig
{
    /// <summary>Width of the residual stream, and of the embedding.</summary>
    public required int HiddenSize { get; init; }

    /// <summary>Width of the gated MLP.</summary>
    public required int IntermediateSize { get; init; }

    /// <summary>Number of decoder layers.</summary>
    public required int NumHiddenLayers { get; init; }

    /// <summary>Query heads.</summary>
    public required int NumAttentionHeads { get; init; }

    /// <summary>Key and value heads; divides <see cref="NumAttentionHeads"/>.</summary>
    public required int NumKeyValueHeads { get; init; }

    /// <summary>Width of one head; even.</summary>
    public required int HeadDim { get; init; }

    /// <summary>Rows of the token embedding.</summary>
    public required int VocabSize { get; init; }

    /// <summary>Longest position the checkpoint was made for.</summary>
    public required int MaxPositionEmbeddings { get; init; }

    /// <summary>Epsilon of every RMSNorm of the decoder.</summary>
    public required double RmsNormEps { get; init; }

    /// <summary>Base of the rotary frequencies.</summary>
    public required double RopeTheta { get; init; }

    /// <summary>Leading numbers of a head that rotate, where the rest pass (Qwen3.5), even; <see langword="null"/> where all rotate.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? PartialRotaryDim { get; init; }

    /// <summary>Leading numbers of a head that rotate.</summary>
    [JsonIgnore]
    public int RotaryDim => PartialRotaryDim ?? HeadDim;

    /// <summary>Rotary frequencies given to time, height and width; sums to <c>RotaryDim / 2</c>.</summary>
    public required IReadOnlyList<int> MropeSection { get; init; }

    /// <summary>True where the three axes take turns along the frequencies (Qwen3-VL) rather than blocks of them.</summary>
    public required bool MropeInterleaved { get; init; }

    /// <summary>True where the query, key and value projections have a bias (Qwen2-VL and Qwen2.5-VL).</summary>
    public required bool QkvBias { get; init; }

    /// <summary>True where the attention output projection has a bias as well.</summary>
    public required bool OutputBias { get; init; }

    /// <summary>True where queries and keys pass an RMSNorm per head (Qwen3-VL, Qwen3.5).</summary>
    public required bool QkNorm { get; init; }

    /// <summary>
    /// True where the query projection gives each head a gate beside its query, which scales what attention has read (Qwen3.5).
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool AttentionGate { get; init; }

    /// <summary>The gated delta nets that stand in place of attention in some layers (Qwen3.5); <see langword="null"/> elsewhere.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public DeltaNetConfig? DeltaNet { get; init; }

    /// <summary>
    /// The token whose row of the token embedding gets no gradient from being looked up (it may from a tied output projection);
    /// <see langword="null"/> where config.json names none. Its vector is used as it is, so it makes no difference to embeddings.
    /// </summary>
    [JsonIgnore]
    public int? PadTokenId { get; init; }

    /// <summary>True where the output projection is the token embedding itself.</summary>
    public required bool TieWordEmbeddings { get; init; }
}
