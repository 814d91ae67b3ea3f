using System.Globalization;

namespace Rge.Text.Jinja;

/// <summary>The filters after <c>|</c>.</summary>
internal static class Filters
{
    /// <summary>Applies a filter to a value.</summary>
    public static object? Apply(string name, object? value, Arguments arguments, RenderBudget budget)
    {
        budget.Spend(1 + name.Length);
        switch (name)
        {
            case "upper" or "lower" or "capitalize" or "replace":
                return TextMethod(name, value, arguments, budget);
            case "trim":
                return TextMethod("strip", value, arguments, budget);
            case "string":
                return TemplateValue.ToText(value);
            case "safe":
                return value;
            case "tojson":
                if (arguments.Bind("indent", "ensure_ascii")[0] is not null and var indent && indent != Arguments.Missing)
                    throw new JinjaException("JSON with indentation is not supported", 0);
                return JsonText.Format(value, budget);
            case "length" or "count":
                return Length(value);
            case "default" or "d":
                var fallback = arguments.Bind("default_value", "boolean");
                var replaces = value is Undefined || (fallback[1] is true && !TemplateValue.IsTrue(value));
                return !replaces ? value
                    : fallback[0] == Arguments.Missing ? TracedText.Empty
                    : fallback[0];
            case "join":
                var separator = arguments.Bind("d")[0];
                var between = separator == Arguments.Missing ? TracedText.Empty : TemplateValue.Text(separator);
                return TextFunctions.Join(TemplateValue.Entries(value, budget), between, budget);
            case "list":
                return TemplateValue.Entries(value, budget);
            case "first":
                return TemplateValue.Entries(value, budget) is [var first, ..] ? first : new Undefined("the first entry");
            case "last":
                return TemplateValue.Entries(value, budget) is [.., var last] ? last : new Undefined("the last entry");
            case "reverse":
                var entries = TemplateValue.Entries(value, budget);
                budget.Spend(entries.Count);
                return entries.Reverse().ToList();
            case "items":
                return value is Undefined ? []
                    : value is IReadOnlyDictionary<string, object?> map ? Items(map, budget)
                    : throw new JinjaException($"{TemplateValue.Describe(value)} has no items", 0);
            case "int":
                return value switch
                {
                    double number => (long)number,
                    TracedText text => WholeNumber(text, budget),
                    _ => TemplateValue.Whole(value),
                };
            case "abs":
                return value is double fraction
                    ? Math.Abs(fraction)
                    : (object)long.Abs(Math.Max(-long.MaxValue, TemplateValue.Whole(value)));
            case "map":
                return Map(value, arguments, budget);
            case "select" or "reject":
                return Choose(value, arguments, name == "select", attribute: null, budget);
            case "selectattr" or "rejectattr":
                if (arguments.Positional.Count == 0)
                    throw new JinjaException($"{name} needs the name of an attribute", 0);
                return Choose(value, arguments.Skip(1), name == "selectattr", TemplateValue.Text(arguments.Positional[0]).Value, budget);
            default:
                throw new JinjaException($"the filter {name} is not supported", 0);
        }
    }

    /// <summary>The entries of a map as pairs.</summary>
    public static List<object?> Items(IReadOnlyDictionary<string, object?> map, RenderBudget budget)
    {
        budget.Spend((long)map.Count * RenderBudget.TextEntry);
        return [.. map.Select(pair => new List<object?> { TracedText.FromTemplate(pair.Key), pair.Value })];
    }

    private static object? TextMethod(string name, object? value, Arguments arguments, RenderBudget budget)
    {
        var text = TemplateValue.ToText(value);
        budget.Spend(text.Length);
        return TextFunctions.Find(name)!(text, arguments, budget);
    }

    private static long WholeNumber(TracedText text, RenderBudget budget)
    {
        budget.Spend(text.Length);
        return long.TryParse(text.Value, NumberStyles.Integer, CultureInfo.InvariantCulture, out var whole) ? whole : 0;
    }

    private static long Length(object? value) =>
        value switch
        {
            TracedText text => text.Length,
            IReadOnlyList<object?> list => list.Count,
            IReadOnlyDictionary<string, object?> map => map.Count,
            Undefined => 0,
            _ => throw new JinjaException($"{TemplateValue.Describe(value)} has no length", 0),
        };

    /// <summary><c>map(attribute=name)</c>, or <c>map(filter, arguments…)</c>.</summary>
    private static List<object?> Map(object? value, Arguments arguments, RenderBudget budget)
    {
        var entries = TemplateValue.Entries(value, budget);
        if (arguments is { Positional.Count: 0, Named: [("attribute", TracedText attribute)] })
            return [.. entries.Select(entry => Attribute(entry, attribute.Value, budget))];
        if (arguments.Positional.Count == 0)
            throw new JinjaException("map needs a filter or an attribute", 0);
        var filter = TemplateValue.Text(arguments.Positional[0]).Value;
        if (filter == "map")
            throw new JinjaException("map is applied to itself", 0);
        var rest = arguments.Skip(1);
        return [.. entries.Select(entry => Apply(filter, entry, rest, budget))];
    }

    private static List<object?> Choose(object? value, Arguments arguments, bool keeps, string? attribute, RenderBudget budget)
    {
        var test = arguments.Positional.Count == 0 ? null : TemplateValue.Text(arguments.Positional[0]).Value;
        var rest = arguments.Skip(1);
        return
        [
            .. TemplateValue
                .Entries(value, budget)
                .Where(entry =>
                {
                    budget.Spend(1 + (test?.Length ?? 0));
                    var tested = attribute is null ? entry : Attribute(entry, attribute, budget);
                    return (test is null ? TemplateValue.IsTrue(tested) : ValueTests.Holds(test, tested, rest, budget)) == keeps;
                }),
        ];
    }

    private static object? Attribute(object? entry, string name, RenderBudget budget)
    {
        budget.Spend(1 + name.Length);
        return entry is IReadOnlyDictionary<string, object?> map && map.TryGetValue(name, out var value) ? value : new Undefined(name);
    }
}
