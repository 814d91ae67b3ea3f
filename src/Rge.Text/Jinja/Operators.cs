namespace Rge.Text.Jinja;

/// <summary>The operators between two values.</summary>
internal static class Operators
{
    /// <summary>Arithmetic, concatenation and repetition.</summary>
    public static object? Compute(string symbol, object? left, object? right, RenderBudget budget)
    {
        switch (symbol, left, right)
        {
            case ("~", _, _):
                return new TracedTextBuilder(budget).Append(TemplateValue.ToText(left)).Append(TemplateValue.ToText(right)).ToText();
            case ("+", TracedText a, TracedText b):
                return new TracedTextBuilder(budget).Append(a).Append(b).ToText();
            case ("+", IReadOnlyList<object?> a, IReadOnlyList<object?> b):
                budget.Spend(a.Count + b.Count);
                return a.Concat(b).ToList();
            case ("*", TracedText text, long or bool):
                var repeated = new TracedTextBuilder(budget);
                for (var i = TemplateValue.Whole(right); i > 0; i--)
                {
                    budget.Spend(1);
                    repeated.Append(text);
                }
                return repeated.ToText();
            case (_, long or bool, long or bool) when symbol is not "/":
                return Whole(symbol, TemplateValue.Whole(left), TemplateValue.Whole(right));
            case (_, long or bool or double, long or bool or double):
                return Fraction(symbol, TemplateValue.Number(left), TemplateValue.Number(right));
            default:
                throw new JinjaException($"{TemplateValue.Describe(left)} {symbol} {TemplateValue.Describe(right)} has no meaning", 0);
        }
    }

    /// <summary>Comparison and membership.</summary>
    public static bool Compare(string symbol, object? left, object? right, RenderBudget budget) =>
        symbol switch
        {
            "==" => TemplateValue.AreEqual(left, right, budget),
            "!=" => !TemplateValue.AreEqual(left, right, budget),
            "in" => Contains(right, left, budget),
            "not in" => !Contains(right, left, budget),
            "<" => Order(left, right, budget) < 0,
            "<=" => Order(left, right, budget) <= 0,
            ">" => Order(left, right, budget) > 0,
            _ => Order(left, right, budget) >= 0,
        };

    private static bool Contains(object? container, object? item, RenderBudget budget)
    {
        switch (container)
        {
            case TracedText text:
                var sought = TemplateValue.Text(item);
                budget.SpendSearch(text.Length, sought.Length);
                return text.Value.Contains(sought.Value, StringComparison.Ordinal);
            case IReadOnlyDictionary<string, object?> map:
                return item is TracedText key && TemplateValue.Entry(map, key.Value, budget, out _);
            default:
                return TemplateValue.Entries(container, budget).Any(entry => TemplateValue.AreEqual(entry, item, budget));
        }
    }

    private static int Order(object? left, object? right, RenderBudget budget)
    {
        if ((left, right) is not (TracedText a, TracedText b))
            return TemplateValue.Number(left).CompareTo(TemplateValue.Number(right));
        budget.Spend(Math.Min(a.Length, b.Length));
        return string.CompareOrdinal(a.Value, b.Value);
    }

    private static long Whole(string symbol, long left, long right)
    {
        try
        {
            return checked(
                symbol switch
                {
                    "+" => left + right,
                    "-" => left - right,
                    "*" => left * right,
                    // Python rounds quotients down, and a remainder has the sign of the divisor.
                    "//" => (left / right) - (left % right != 0 && (left < 0) != (right < 0) ? 1 : 0),
                    _ => ((left % right) + right) % right,
                }
            );
        }
        catch (ArithmeticException e)
        {
            throw new JinjaException($"{left} {symbol} {right}: {e.Message}", 0);
        }
    }

    private static double Fraction(string symbol, double left, double right) =>
        symbol switch
        {
            "+" => left + right,
            "-" => left - right,
            "*" => left * right,
            _ when right == 0 => throw new JinjaException("divides by zero", 0),
            "/" => left / right,
            "//" => Math.Floor(left / right),
            _ => left - (right * Math.Floor(left / right)),
        };
}
