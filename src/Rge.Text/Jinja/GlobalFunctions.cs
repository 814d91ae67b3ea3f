namespace Rge.Text.Jinja;

/// <summary>The functions that every template can call.</summary>
internal static class GlobalFunctions
{
    /// <summary>The functions, counting what they make against a budget.</summary>
    public static IEnumerable<TemplateFunction> All(RenderBudget budget) =>
        [new("raise_exception", Refuse), new("namespace", Namespace), new("range", arguments => Range(arguments, budget))];

    private static object? Refuse(Arguments arguments) =>
        throw new JinjaException($"the template refuses: {TemplateValue.ToText(arguments.Bind("message")[0])}", 0);

    private static TemplateNamespace Namespace(Arguments arguments)
    {
        var made = new TemplateNamespace();
        if (arguments.Positional.Count > 0)
            throw new JinjaException("takes named arguments only", 0);
        foreach (var (name, value) in arguments.Named)
            made.Attributes[name] = value;
        return made;
    }

    private static List<object?> Range(Arguments arguments, RenderBudget budget)
    {
        var bound = arguments.Bind("start", "stop", "step");
        var first = TemplateValue.Whole(bound[0]);
        var (start, stop) = bound[1] == Arguments.Missing ? (0, first) : (first, TemplateValue.Whole(bound[1]));
        var step = bound[2] == Arguments.Missing ? 1 : TemplateValue.Whole(bound[2]);
        if (step == 0)
            throw new JinjaException("counts in steps of 0", 0);
        var numbers = new List<object?>();
        for (Int128 number = start; step > 0 ? number < stop : number > stop; number += step)
        {
            budget.Spend(4);
            numbers.Add((long)number);
        }
        return numbers;
    }
}
