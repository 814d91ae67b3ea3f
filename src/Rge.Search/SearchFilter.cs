using System.Linq.Expressions;

namespace Rge.Search;

/// <summary>Which items of a collection may be found: those that meet all conditions. Immutable.</summary>
public sealed record SearchFilter
{
    /// <summary>Only items of this kind.</summary>
    public ItemKind? Kind { get; init; }

    /// <summary>For each key, values of which an item must have one.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> AnyOf { get; init; } = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal);

    /// <summary>For each key, values of which an item must have none.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> NoneOf { get; init; } = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal);

    /// <summary>Reads conditions as people write them: <c>color=red</c> and <c>color!=red</c>; several values of a key are alternatives.</summary>
    /// <exception cref="SearchException">A condition is neither.</exception>
    public static SearchFilter Parse(IEnumerable<string> conditions, ItemKind? kind = null)
    {
        ArgumentNullException.ThrowIfNull(conditions);
        var parsed = conditions.Select(Parse).ToLookup(condition => condition.IsNot);
        return new SearchFilter { Kind = kind, AnyOf = ByKey(parsed[false]), NoneOf = ByKey(parsed[true]) };
    }

    /// <summary>The filter as an expression that every VectorData store understands; <see langword="null"/> when everything may be found.</summary>
    internal Expression<Func<SearchRecord, bool>>? ToExpression()
    {
        var record = Expression.Parameter(typeof(SearchRecord), "record");
        var conditions = new List<Expression>();
        if (Kind is { } kind) conditions.Add(Expression.Equal(Expression.Property(record, nameof(SearchRecord.Kind)), Expression.Constant(kind.ToString())));
        conditions.AddRange(AnyOf.Select(values => values.Value.Select(value => Has(values.Key, value)).Aggregate(Expression.OrElse)));
        conditions.AddRange(NoneOf.SelectMany(values => values.Value.Select(value => Expression.Not(Has(values.Key, value)))));
        return conditions.Count == 0 ? null : Expression.Lambda<Func<SearchRecord, bool>>(conditions.Aggregate(Expression.AndAlso), record);

        Expression Has(string key, string value) => Expression.Call(
            Expression.Property(record, nameof(SearchRecord.Tags)), nameof(List<>.Contains), typeArguments: null, Expression.Constant(Tag.Of(key, value)));
    }

    private static (string Key, string Value, bool IsNot) Parse(string condition)
    {
        var equals = condition.IndexOf('=', StringComparison.Ordinal);
        var isNot = equals > 0 && condition[equals - 1] == '!';
        var key = equals > 0 ? condition[..(isNot ? equals - 1 : equals)] : "";
        return key.Length > 0 ? (key, condition[(equals + 1)..], isNot) : throw new SearchException($"The filter '{condition}' cannot be understood, expected KEY=VALUE or KEY!=VALUE.");
    }

    private static Dictionary<string, IReadOnlyList<string>> ByKey(IEnumerable<(string Key, string Value, bool IsNot)> conditions) =>
        conditions.GroupBy(condition => condition.Key, condition => condition.Value, StringComparer.Ordinal)
            .ToDictionary(group => group.Key, group => (IReadOnlyList<string>)[.. group], StringComparer.Ordinal);
}
