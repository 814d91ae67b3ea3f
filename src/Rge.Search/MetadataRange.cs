namespace Rge.Search;

/// <summary>
/// A condition on metadata: a value of a key is less or greater than a given one. Numbers are compared with numbers, and other texts,
/// such as dates written <c>2024-05-31</c>, with other texts, byte by byte. Immutable.
/// </summary>
public sealed record MetadataRange
{
    /// <summary>The key.</summary>
    public required string Key { get; init; }

    /// <summary>The comparison operator.</summary>
    public required RangeComparison Comparison { get; init; }

    /// <summary>The value to compare with; a number where it is written like one.</summary>
    public required string Value
    {
        get;
        init => (field, Number) = (value, MetadataValue.NumberOf(value));
    }

    internal double? Number { get; private init; }

    /// <summary>The comparison as SQL and people write it.</summary>
    internal string Sign =>
        Comparison switch
        {
            RangeComparison.Less => "<",
            RangeComparison.LessOrEqual => "<=",
            RangeComparison.Greater => ">",
            _ => ">=",
        };

    /// <summary>Whether one of a record's tags meets a condition: what filters call, and databases translate.</summary>
    internal static bool HasOne(List<string> tags, MetadataRange range)
    {
        var prefix = Tag.Format(range.Key, "");
        return tags.Exists(tag => tag.StartsWith(prefix, StringComparison.Ordinal) && range.Holds(tag[prefix.Length..]));
    }

    private bool Holds(string value)
    {
        var number = MetadataValue.NumberOf(value);
        if (number is null != Number is null)
            return false;
        var order = number is { } one ? one.CompareTo(Number!.Value) : MetadataValue.Compare(value, Value);
        return Comparison switch
        {
            RangeComparison.Less => order < 0,
            RangeComparison.LessOrEqual => order <= 0,
            RangeComparison.Greater => order > 0,
            _ => order >= 0,
        };
    }
}
