using System.Globalization;

namespace Rge.Text.Jinja;

/// <summary>
/// What the values of a template mean. A value is null (none), a bool, long, double, <see cref="TracedText"/>, list
/// (<c>IReadOnlyList&lt;object?&gt;</c>), map (<c>IReadOnlyDictionary&lt;string, object?&gt;</c>), <see cref="TemplateNamespace"/>,
/// <see cref="TemplateFunction"/> or <see cref="Undefined"/>.
/// </summary>
internal static class TemplateValue
{
    private const int MaxDepth = 50;

    /// <summary>Truth, as Python has it.</summary>
    public static bool IsTrue(object? value) =>
        value switch
        {
            null or Undefined => false,
            bool flag => flag,
            long number => number != 0,
            double number => number != 0,
            TracedText text => text.Length > 0,
            IReadOnlyList<object?> list => list.Count > 0,
            IReadOnlyDictionary<string, object?> map => map.Count > 0,
            _ => true,
        };

    /// <summary>Equality by value; a whole number equals the same number with a fraction.</summary>
    public static bool AreEqual(object? left, object? right, RenderBudget budget) => AreEqual(left, right, budget, 0);

    /// <summary>The value as it is printed.</summary>
    public static TracedText ToText(object? value) =>
        value switch
        {
            TracedText text => text,
            null => TracedText.FromTemplate("None"),
            Undefined => TracedText.Empty,
            bool flag => TracedText.FromTemplate(flag ? "True" : "False"),
            long number => TracedText.FromTemplate(number.ToString(CultureInfo.InvariantCulture)),
            double number => TracedText.FromTemplate(Show(number)),
            // Python would print its own notation of lists and maps; in a prompt that is a mistake and better reported.
            _ => throw new JinjaException($"{Describe(value)} is used as text", 0),
        };

    /// <summary>Shows a number with a fraction as Python does for ordinary sizes.</summary>
    public static string Show(double number)
    {
        var text = number.ToString("R", CultureInfo.InvariantCulture);
        return text.AsSpan().IndexOfAny(".EN∞") < 0 ? text + ".0" : text;
    }

    /// <summary>The kind of a value, for error messages.</summary>
    public static string Describe(object? value) =>
        value switch
        {
            null => "none",
            Undefined undefined => $"\"{undefined.Name}\", which is undefined,",
            bool => "a truth value",
            long or double => "a number",
            TracedText => "a string",
            IReadOnlyList<object?> => "a list",
            IReadOnlyDictionary<string, object?> => "a map",
            _ => "a function or namespace",
        };

    /// <summary>
    /// The entries that a loop over the value visits. Creating them is charged to the budget; visiting those of a list is charged by the
    /// caller.
    /// </summary>
    public static IReadOnlyList<object?> Entries(object? value, RenderBudget budget)
    {
        switch (value)
        {
            case IReadOnlyList<object?> list:
                return list;
            case IReadOnlyDictionary<string, object?> map:
                budget.Spend((long)map.Count * RenderBudget.TextEntry);
                return [.. map.Keys.Select(TracedText.FromTemplate)];
            case TracedText text:
                budget.Spend((long)text.Length * RenderBudget.TextEntry);
                return [.. Enumerable.Range(0, text.Length).Select(i => text.Slice(i, 1))];
            case Undefined:
                return [];
            default:
                throw new JinjaException($"{Describe(value)} cannot be looped over", 0);
        }
    }

    /// <summary>Looks a key of a map up, which takes as long as the key.</summary>
    public static bool Entry(IReadOnlyDictionary<string, object?> map, string key, RenderBudget budget, out object? value)
    {
        budget.Spend(key.Length);
        return map.TryGetValue(key, out value);
    }

    private static bool AreEqual(object? left, object? right, RenderBudget budget, int depth)
    {
        if (depth > MaxDepth)
            throw new JinjaException("compares values that are nested too deep", 0);
        budget.Spend(1);
        switch (left, right)
        {
            case (bool or long or double, bool or long or double):
                return Number(left).Equals(Number(right));
            case (TracedText a, TracedText b):
                budget.Spend(Math.Min(a.Length, b.Length));
                return a.Equals(b);
            case (IReadOnlyList<object?> a, IReadOnlyList<object?> b):
                return a.Count == b.Count && a.Zip(b).All(pair => AreEqual(pair.First, pair.Second, budget, depth + 1));
            case (IReadOnlyDictionary<string, object?> a, IReadOnlyDictionary<string, object?> b):
                return a.Count == b.Count
                    && a.All(pair => Entry(b, pair.Key, budget, out var other) && AreEqual(pair.Value, other, budget, depth + 1));
            case (Undefined, Undefined):
                return true;
            default:
                return ReferenceEquals(left, right);
        }
    }

    /// <summary>A number or truth value as a number with a fraction.</summary>
    public static double Number(object? value) =>
        value switch
        {
            bool flag => flag ? 1 : 0,
            long number => number,
            double number => number,
            _ => throw new JinjaException($"{Describe(value)} is used as a number", 0),
        };

    /// <summary>A whole number or truth value as a whole number.</summary>
    public static long Whole(object? value) =>
        value switch
        {
            bool flag => flag ? 1 : 0,
            long number => number,
            _ => throw new JinjaException($"{Describe(value)} is used as a whole number", 0),
        };

    /// <summary>A string.</summary>
    public static TracedText Text(object? value) =>
        value as TracedText ?? throw new JinjaException($"{Describe(value)} is used as a string", 0);
}
