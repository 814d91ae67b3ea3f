using System.Buffers;
using System.Linq.Expressions;
using System.Text.RegularExpressions;

namespace Rge.Search;

/// <summary>Which items of a collection may be found: those that meet all conditions. Immutable.</summary>
public sealed record SearchFilter
{
    private static readonly SearchValues<char> Signs = SearchValues.Create("=!<>");

    private static readonly Regex Date = new(
        @"^\d{4}-\d\d(-\d\d([T ][0-9:.]+(Z|[+-]\d\d:?\d\d)?)?)?\z",
        RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking
    );

    /// <summary>Only items of this kind.</summary>
    public ItemKind? Kind { get; init; }

    /// <summary>For each key, values of which an item must have one.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> AnyOf { get; init; } =
        new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal);

    /// <summary>For each key, values of which an item must have none.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> NoneOf { get; init; } =
        new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal);

    /// <summary>Comparisons, each of which an item must meet with one of its values.</summary>
    public IReadOnlyList<MetadataRange> Ranges { get; init; } = [];

    /// <summary>
    /// Parses conditions: <c>color=red</c>, <c>color!=red</c>, <c>year&gt;=2020</c>, and likewise <c>&lt;</c>,
    /// <c>&lt;=</c> and <c>&gt;</c>. Several values of a key after <c>=</c> are alternatives; every other condition has to be met.
    /// </summary>
    /// <exception cref="SearchException">A condition has another form.</exception>
    public static SearchFilter Parse(IEnumerable<string> conditions, ItemKind? kind = null)
    {
        ArgumentNullException.ThrowIfNull(conditions);
        (string Key, string Sign, string Value)[] parsed = [.. conditions.Select(Parse)];
        return new SearchFilter
        {
            Kind = kind,
            AnyOf = ByKey(parsed, "="),
            NoneOf = ByKey(parsed, "!="),
            Ranges =
            [
                .. parsed
                    .Where(one => one.Sign is not ("=" or "!="))
                    .Select(one => new MetadataRange
                    {
                        Key = one.Key,
                        Comparison = Comparison(one.Sign),
                        Value = one.Value,
                    }),
            ],
        };
    }

    /// <summary>
    /// The filter as an expression; stores of others understand it where there are no ranges. <see langword="null"/> when everything may be
    /// found.
    /// </summary>
    internal Expression<Func<SearchRecord, bool>>? ToExpression()
    {
        var record = Expression.Parameter(typeof(SearchRecord), "record");
        var tags = Expression.Property(record, nameof(SearchRecord.Tags));
        var conditions = new List<Expression>();
        if (Kind is { } kind)
            conditions.Add(Expression.Equal(Expression.Property(record, nameof(SearchRecord.Kind)), Expression.Constant(kind.ToString())));
        conditions.AddRange(AnyOf.Select(values => values.Value.SelectMany(value => Has(values.Key, value)).Aggregate(Expression.OrElse)));
        conditions.AddRange(NoneOf.SelectMany(values => values.Value.SelectMany(value => Has(values.Key, value)).Select(Expression.Not)));
        conditions.AddRange(
            Ranges.Select(range =>
                Expression.Call(typeof(MetadataRange), nameof(MetadataRange.HasOne), typeArguments: null, tags, Expression.Constant(range))
            )
        );
        return conditions.Count == 0 ? null : Expression.Lambda<Func<SearchRecord, bool>>(conditions.Aggregate(Expression.AndAlso), record);

        // A number is equal however it is written.
        IEnumerable<Expression> Has(string key, string value) =>
            ((string[])[value, MetadataValue.Canonical(value)])
                .Distinct(StringComparer.Ordinal)
                .Select(text =>
                    Expression.Call(tags, nameof(List<>.Contains), typeArguments: null, Expression.Constant(Tag.Format(key, text)))
                );
    }

    private static (string Key, string Sign, string Value) Parse(string condition)
    {
        var at = condition.AsSpan().IndexOfAny(Signs);
        var key = at > 0 ? condition[..at].Trim() : "";
        // No key ends like an operator that is not known: ~=, ^=, *= ….
        if (key.Length == 0 || "~^*$|:".Contains(key[^1], StringComparison.Ordinal))
            throw NotUnderstood();
        var sign = condition.AsSpan(at) switch
        {
            ['!' or '<' or '>', '=', ..] => condition[at..(at + 2)],
            ['!', ..] => throw NotUnderstood(),
            _ => condition[at..(at + 1)],
        };
        var value = condition[(at + sign.Length)..].Trim();
        // Nor does a value begin like one: ==, =>.
        if (value is ['=' or '<' or '>', ..])
            throw NotUnderstood();
        if (sign is not ("=" or "!=") && MetadataValue.NumberOf(value) is null && !IsDate(value) && !IsWord(value))
            throw new SearchException(
                $"The filter '{condition}' cannot be understood: after {sign} comes a number (2020, -0.5), a date (2024-05-31) or a "
                    + $"word, but not '{value}'."
            );
        return (key, sign, value);

        SearchException NotUnderstood() =>
            new($"The filter '{condition}' cannot be understood, expected KEY=VALUE, KEY!=VALUE, or a comparison with <, <=, > or >=.");
    }

    private static bool IsDate(string value) => value.Length <= 40 && Date.IsMatch(value);

    /// <summary>Whether a value is a text that has an order: truth values have none.</summary>
    private static bool IsWord(string value) =>
        value.Length > 0
        && char.IsLetter(value[0])
        && value.AsSpan().IndexOfAny(Signs) < 0
        && !value.Equals("true", StringComparison.OrdinalIgnoreCase)
        && !value.Equals("false", StringComparison.OrdinalIgnoreCase);

    private static RangeComparison Comparison(string sign) =>
        sign switch
        {
            "<" => RangeComparison.Less,
            "<=" => RangeComparison.LessOrEqual,
            ">" => RangeComparison.Greater,
            _ => RangeComparison.GreaterOrEqual,
        };

    private static Dictionary<string, IReadOnlyList<string>> ByKey((string Key, string Sign, string Value)[] conditions, string sign) =>
        conditions
            .Where(condition => condition.Sign == sign)
            .GroupBy(condition => condition.Key, condition => condition.Value, StringComparer.Ordinal)
            .ToDictionary(group => group.Key, group => (IReadOnlyList<string>)[.. group], StringComparer.Ordinal);
}
