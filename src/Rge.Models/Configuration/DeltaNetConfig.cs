using System.Text.Json.Serialization;

namespace Rge.Models.Configuration;

/// <summary>Shape of the gated delta nets of a decoder; names are those of config.json without <c>linear_</c>.</summary>
public sealed record DeltaNetConfig
{
    /// <summary>Indexes of the layers that are gated delta nets, ascending; the others are attention.</summary>
    public required IReadOnlyList<int> Layers { get; init; }

    /// <summary>Heads of queries and keys.</summary>
    public required int NumKeyHeads { get; init; }

    /// <summary>Width of a query or key head.</summary>
    public required int KeyHeadDim { get; init; }

    /// <summary>Heads of values, and of states; a multiple of <see cref="NumKeyHeads"/>.</summary>
    public required int NumValueHeads { get; init; }

    /// <summary>Width of a value head.</summary>
    public required int ValueHeadDim { get; init; }

    /// <summary>Tokens that the convolution sees, the current one included.</summary>
    public required int ConvKernelDim { get; init; }

    /// <summary>Width of all queries, and of all keys.</summary>
    [JsonIgnore]
    public int KeyWidth => NumKeyHeads * KeyHeadDim;

    /// <summary>Width of all values.</summary>
    [JsonIgnore]
    public int ValueWidth => NumValueHeads * ValueHeadDim;

    /// <summary>Channels of the convolution: queries, keys and values side by side.</summary>
    [JsonIgnore]
    public int Channels => 2 * KeyWidth + ValueWidth;
}
