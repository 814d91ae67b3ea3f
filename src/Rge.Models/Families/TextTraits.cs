namespace Rge.Models.Families;

/// <summary>What a family's decoder has that its config.json does not say.</summary>
internal sealed record TextTraits
{
    /// <summary>The decoder of Qwen2-VL and Qwen2.5-VL: biases on queries, keys and values, blocks of rotary frequencies.</summary>
    public static TextTraits Qwen2 { get; } = new() { QkvBias = true, DefaultRopeTheta = 1e6 };

    /// <summary>Whether the query, key and value projections always have a bias.</summary>
    public bool QkvBias { get; init; }

    /// <summary>Whether <c>attention_bias</c> decides on the biases of all four projections.</summary>
    public bool ReadsAttentionBias { get; init; }

    /// <summary>Whether queries and keys pass an RMSNorm per head.</summary>
    public bool QkNorm { get; init; }

    /// <summary>Whether the three axes take turns along the rotary frequencies.</summary>
    public bool MropeInterleaved { get; init; }

    /// <summary>Width of a head where config.json names none; null where the decoder's width is shared by the heads.</summary>
    public int? DefaultHeadDim { get; init; }

    /// <summary>
    /// Share of each head that rotates where config.json names none; null in families that rotate whole heads and have no such field.
    /// </summary>
    public double? DefaultPartialRotaryFactor { get; init; }

    /// <summary>Rotary frequencies of time, height and width where config.json names none; null where it must.</summary>
    public IReadOnlyList<int>? DefaultMropeSection { get; init; }

    /// <summary>Base of the rotary frequencies where config.json names none.</summary>
    public required double DefaultRopeTheta { get; init; }
}
