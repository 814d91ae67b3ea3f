namespace Rge.Text.Jinja;

/// <summary>The tests after <c>is</c>.</summary>
internal static class ValueTests
{
    /// <summary>Whether a value passes a test.</summary>
    public static bool Holds(string name, object? value, Arguments arguments, RenderBudget budget) =>
        name switch
        {
            "defined" => value is not Undefined,
            "undefined" => value is Undefined,
            "none" => value is null,
            "true" => value is true,
            "false" => value is false,
            "boolean" => value is bool,
            "string" => value is TracedText,
            "number" => value is long or double or bool,
            "integer" => value is long,
            "float" => value is double,
            "mapping" => value is IReadOnlyDictionary<string, object?>,
            "sequence" or "iterable" => value is TracedText or IReadOnlyList<object?> or IReadOnlyDictionary<string, object?> or Undefined,
            "callable" => value is TemplateFunction,
            "odd" => TemplateValue.Whole(value) % 2 != 0,
            "even" => TemplateValue.Whole(value) % 2 == 0,
            "in" or "==" or "!=" or "<" or "<=" or ">" or ">=" => Operators.Compare(name, value, arguments.Bind("other")[0], budget),
            "eq" or "equalto" or "sameas" => Operators.Compare("==", value, arguments.Bind("other")[0], budget),
            "ne" => Operators.Compare("!=", value, arguments.Bind("other")[0], budget),
            _ => throw new JinjaException($"the test {name} is not supported", 0),
        };
}
