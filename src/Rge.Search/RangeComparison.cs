namespace Rge.Search;

/// <summary>How a <see cref="MetadataRange"/> compares.</summary>
public enum RangeComparison
{
    /// <summary>Less than the value.</summary>
    Less,

    /// <summary>Less than the value or equal.</summary>
    LessOrEqual,

    /// <summary>Greater than the value.</summary>
    Greater,

    /// <summary>Greater than the value or equal.</summary>
    GreaterOrEqual,
}
