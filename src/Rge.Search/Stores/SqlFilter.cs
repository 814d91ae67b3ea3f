using System.Collections;
using System.Linq.Expressions;
using Microsoft.Extensions.VectorData.ProviderServices;
using Microsoft.Extensions.VectorData.ProviderServices.Filter;

namespace Rge.Search.Stores;

/// <summary>
/// Turns a filter into a SQL condition: comparisons of a property with a value, <c>&amp;&amp;</c>, <c>||</c>, <c>!</c>, Contains of a
/// list property or of a list of values, and <see cref="MetadataRange"/>.
/// </summary>
internal sealed class SqlFilter : FilterTranslatorBase
{
    private readonly SqlDatabase _database;
    private readonly List<object?> _parameters;

    private SqlFilter(SqlDatabase database, List<object?> parameters) => (_database, _parameters) = (database, parameters);

    /// <summary>Translates a filter.</summary>
    /// <param name="filter">The filter.</param>
    /// <param name="model">The record's properties.</param>
    /// <param name="database">Where it will run.</param>
    /// <param name="parameters">The command's parameters; those of the condition are added.</param>
    /// <exception cref="NotSupportedException">The filter has something else in it.</exception>
    public static string Translate(LambdaExpression filter, CollectionModel model, SqlDatabase database, List<object?> parameters)
    {
        var translator = new SqlFilter(database, parameters);
        return translator.Condition(translator.PreprocessFilter(filter, model, new FilterPreprocessingOptions()));
    }

    private string Condition(Expression node) =>
        node switch
        {
            BinaryExpression { NodeType: ExpressionType.AndAlso } and => $"({Condition(and.Left)} AND {Condition(and.Right)})",
            BinaryExpression { NodeType: ExpressionType.OrElse } or => $"({Condition(or.Left)} OR {Condition(or.Right)})",
            // A comparison with nothing is neither true nor false in SQL, but false in C#.
            UnaryExpression { NodeType: ExpressionType.Not } not => $"(NOT COALESCE({Condition(not.Operand)}, FALSE))",
            UnaryExpression { NodeType: ExpressionType.Convert } convert => Condition(convert.Operand),
            ConstantExpression { Value: bool value } => value ? "TRUE" : "FALSE",
            BinaryExpression comparison when Operator(comparison.NodeType) is { } sign => Comparison(comparison, sign),
            MethodCallExpression { Method.Name: nameof(MetadataRange.HasOne) } call
                when call.Method.DeclaringType == typeof(MetadataRange) => Range(call),
            MethodCallExpression call when TryMatchContains(call, out var source, out var item) => Contains(source, item),
            _ when TryBindProperty(node, out var property) && property.Type == typeof(bool) => Column(property),
            _ => throw Unsupported(node),
        };

    private string Comparison(BinaryExpression comparison, string sign)
    {
        var (left, right) = (Unwrapped(comparison.Left), Unwrapped(comparison.Right));
        if (TryBindProperty(left, out var property) && right is ConstantExpression value)
            return Comparison(Column(property), sign, value.Value);
        if (TryBindProperty(right, out property) && left is ConstantExpression first)
            return Comparison(Column(property), Mirrored(sign), first.Value);
        throw Unsupported(comparison);
    }

    private string Comparison(string column, string sign, object? value) =>
        (sign, value) switch
        {
            ("=", null) => $"{column} IS NULL",
            ("<>", null) => $"{column} IS NOT NULL",
            ("<>", _) => $"{column} IS DISTINCT FROM {Parameter(value)}",
            _ => $"{column} {sign} {Parameter(value)}",
        };

    private string Contains(Expression source, Expression item)
    {
        (source, item) = (Unwrapped(source), Unwrapped(item));
        if (TryBindProperty(source, out var list) && item is ConstantExpression value)
            return _database.Contains(Column(list), Parameter(value.Value));
        if (!TryBindProperty(item, out var property) || source is not ConstantExpression { Value: IEnumerable values })
            throw Unsupported(source);
        object?[] all = [.. values];
        return all.Length == 0 ? "FALSE" : $"{Column(property)} IN ({string.Join(", ", all.Select(Parameter))})";
    }

    private string Range(MethodCallExpression call)
    {
        if (!TryBindProperty(call.Arguments[0], out var tags) || call.Arguments[1] is not ConstantExpression { Value: MetadataRange range })
            throw Unsupported(call);
        return _database.TagInRange(
            Column(tags),
            Parameter(Tag.Format(range.Key, "")),
            range.Sign,
            Parameter((object?)range.Number ?? range.Value),
            range.Number is not null
        );
    }

    private string Parameter(object? value)
    {
        _parameters.Add(value);
        return $"@p{_parameters.Count - 1}";
    }

    private static Expression Unwrapped(Expression node) =>
        node is UnaryExpression { NodeType: ExpressionType.Convert } convert ? Unwrapped(convert.Operand) : node;

    private static string Column(PropertyModel property) => SqlDatabase.Quote(property.StorageName);

    private static string? Operator(ExpressionType type) =>
        type switch
        {
            ExpressionType.Equal => "=",
            ExpressionType.NotEqual => "<>",
            ExpressionType.LessThan => "<",
            ExpressionType.LessThanOrEqual => "<=",
            ExpressionType.GreaterThan => ">",
            ExpressionType.GreaterThanOrEqual => ">=",
            _ => null,
        };

    private static string Mirrored(string sign) =>
        sign switch
        {
            "<" => ">",
            "<=" => ">=",
            ">" => "<",
            ">=" => "<=",
            _ => sign,
        };

    private static NotSupportedException Unsupported(Expression node) =>
        new($"The filter has '{node}' in it, expected comparisons of a property with a value, Contains, &&, || and !.");
}
