namespace Rge.Models.Kernels;

/// <summary>How rows of quantised weights lie in memory.</summary>
internal static class PackedRows
{
    /// <summary>Rows are padded with zeros to a multiple of this many elements.</summary>
    public const int Multiple = 64;

    /// <summary>Neighbours along the input that share a scale where weights have 4 bits.</summary>
    public const int Group = 32;

    /// <summary>Largest width of a row: products of 8 bits with 8 bits then add up within 32 bits.</summary>
    public const int MaxWidth = 1 << 17;

    /// <summary>Elements of a row of so many inputs, padding included.</summary>
    public static long Width(long inputs) => (inputs + Multiple - 1) / Multiple * Multiple;
}
