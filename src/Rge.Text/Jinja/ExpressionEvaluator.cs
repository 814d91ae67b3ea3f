namespace Rge.Text.Jinja;

/// <summary>Computes expressions.</summary>
/// <param name="budget">The budget of the rendering.</param>
/// <param name="variable">Value of a variable.</param>
/// <param name="deeper">Runs a nested evaluation, or refuses when there are too many.</param>
internal sealed class ExpressionEvaluator(RenderBudget budget, Func<string, object?> variable, Func<Func<object?>, object?> deeper)
{
    /// <summary>Computes an expression.</summary>
    /// <exception cref="JinjaException">It has no value.</exception>
    public object? Evaluate(Expression expression)
    {
        budget.Spend(1);
        try
        {
            return deeper(() => Compute(expression));
        }
        catch (JinjaException e) when (e.Line == 0)
        {
            throw new JinjaException(e.Message, expression.Line);
        }
    }

    private object? Compute(Expression expression) =>
        expression switch
        {
            Expression.Literal literal => literal.Value,
            Expression.Name name => variable(name.Id),
            Expression.ListOf list => list.Items.Select(Evaluate).ToList(),
            Expression.MapOf map => Map(map),
            Expression.Attribute attribute => Member(Evaluate(attribute.Target), attribute.Id),
            Expression.Item item => Item(Evaluate(item.Target), Evaluate(item.Index)),
            Expression.Slice slice => Slice(Evaluate(slice.Target), Bound(slice.Start), Bound(slice.Stop), Bound(slice.Step) ?? 1),
            Expression.Call call => Call(Evaluate(call.Callee), Arguments(call.Arguments)),
            Expression.Filter filter => Filters.Apply(filter.Id, Evaluate(filter.Target), Arguments(filter.Arguments), budget),
            Expression.Test test => ValueTests.Holds(test.Id, Evaluate(test.Target), Arguments(test.Arguments), budget),
            Expression.Unary unary => Unary(unary.Operator, Evaluate(unary.Operand)),
            Expression.Binary { Operator: "and" } and => Evaluate(and.Left) is var left && TemplateValue.IsTrue(left)
                ? Evaluate(and.Right)
                : left,
            Expression.Binary { Operator: "or" } or => Evaluate(or.Left) is var left && TemplateValue.IsTrue(left)
                ? left
                : Evaluate(or.Right),
            Expression.Binary binary => Operators.Compute(binary.Operator, Evaluate(binary.Left), Evaluate(binary.Right), budget),
            Expression.Comparison comparison => Compare(comparison),
            Expression.Conditional conditional => TemplateValue.IsTrue(Evaluate(conditional.Condition)) ? Evaluate(conditional.Value)
            : conditional.Otherwise is null ? new Undefined("the value without else")
            : Evaluate(conditional.Otherwise),
            _ => throw new System.Diagnostics.UnreachableException(),
        };

    private Dictionary<string, object?> Map(Expression.MapOf map)
    {
        var entries = new Dictionary<string, object?>(StringComparer.Ordinal);
        foreach (var (key, value) in map.Items)
        {
            var name = TemplateValue.Text(Evaluate(key)).Value;
            budget.Spend(name.Length);
            entries[name] = Evaluate(value);
        }
        return entries;
    }

    private Arguments Arguments(Expression.ArgumentList arguments) =>
        new([.. arguments.Positional.Select(Evaluate)], [.. arguments.Named.Select(argument => (argument.Name, Evaluate(argument.Value)))]);

    private static object? Call(object? callee, Arguments arguments) =>
        callee is TemplateFunction function
            ? function.Invoke(arguments)
            : throw new JinjaException($"{TemplateValue.Describe(callee)} is called like a function", 0);

    private bool Compare(Expression.Comparison comparison)
    {
        var left = Evaluate(comparison.First);
        foreach (var (symbol, expression) in comparison.Rest)
        {
            var right = Evaluate(expression);
            if (!Operators.Compare(symbol, left, right, budget))
                return false;
            left = right;
        }
        return true;
    }

    private static object? Unary(string symbol, object? operand) =>
        (symbol, operand) switch
        {
            ("not", _) => !TemplateValue.IsTrue(operand),
            ("-", long number) => unchecked(-number),
            ("-", double number) => -number,
            ("+", long or double) => operand,
            _ => throw new JinjaException($"{TemplateValue.Describe(operand)} has no sign", 0),
        };

    /// <summary><c>target.name</c>: a method or attribute first, an entry otherwise.</summary>
    private object? Member(object? target, string name) =>
        target switch
        {
            Undefined => throw new JinjaException($"{TemplateValue.Describe(target)} is asked for its attribute {name}", 0),
            LoopState loop => loop[name],
            TemplateNamespace space => space.Attributes.TryGetValue(name, out var value) ? value : new Undefined(name),
            TracedText text when TextFunctions.Find(name) is { } method => new TemplateFunction(name, arguments =>
            {
                budget.Spend(text.Length);
                return method(text, arguments, budget);
            }),
            IReadOnlyDictionary<string, object?> map => MapMethod(map, name)
                ?? (map.TryGetValue(name, out var value) ? value : new Undefined(name)),
            _ => new Undefined(name),
        };

    private TemplateFunction? MapMethod(IReadOnlyDictionary<string, object?> map, string name) =>
        name switch
        {
            "get" => new(name, arguments =>
            {
                var bound = arguments.Bind("key", "default");
                return TemplateValue.Entry(map, TemplateValue.Text(bound[0]).Value, budget, out var value) ? value
                    : bound[1] == Jinja.Arguments.Missing ? null
                    : bound[1];
            }),
            "items" => new(name, _ => Filters.Items(map, budget)),
            "keys" => new(name, _ => TemplateValue.Entries(map, budget)),
            "values" => new(name, _ =>
            {
                budget.Spend(map.Count);
                return map.Values.ToList();
            }),
            _ => null,
        };

    /// <summary><c>target[index]</c>: an entry first, an attribute otherwise.</summary>
    private object? Item(object? target, object? index)
    {
        switch (target, index)
        {
            case (Undefined, _):
                throw new JinjaException($"{TemplateValue.Describe(target)} is asked for an entry", 0);
            case (IReadOnlyDictionary<string, object?> map, TracedText key) when TemplateValue.Entry(map, key.Value, budget, out var value):
                return value;
            case (IReadOnlyList<object?> list, long or bool):
                return Place(TemplateValue.Whole(index), list.Count) is { } at ? list[at] : new Undefined("the entry");
            case (TracedText text, long or bool):
                return Place(TemplateValue.Whole(index), text.Length) is { } place ? text.Slice(place, 1) : new Undefined("the character");
            case (_, TracedText name):
                budget.Spend(name.Length);
                return Member(target, name.Value);
            default:
                return new Undefined("the entry");
        }
    }

    private static int? Place(long index, int count) =>
        index >= 0 && index < count ? (int)index
        : index < 0 && index >= -count ? (int)(index + count)
        : null;

    private long? Bound(Expression? expression) =>
        expression is null || Evaluate(expression) is not { } value ? null : TemplateValue.Whole(value);

    private object? Slice(object? target, long? start, long? stop, long step)
    {
        if (step == 0)
            throw new JinjaException("slices in steps of 0", 0);
        var count = target switch
        {
            TracedText text => text.Length,
            IReadOnlyList<object?> list => list.Count,
            _ => throw new JinjaException($"{TemplateValue.Describe(target)} is sliced", 0),
        };
        // Python's rules: negative bounds count from the end, and bounds are clamped to the length.
        var (low, high) = step > 0 ? (0L, (long)count) : (-1L, count - 1L);
        var from = Cut(start, step > 0 ? low : high);
        var to = Cut(stop, step > 0 ? high : low);
        var length = step > 0 ? Math.Max(0, (to - from + step - 1) / step) : Math.Max(0, (to - from + step + 1) / step);
        budget.Spend(length);
        if (target is TracedText whole && step == 1)
            return whole.Slice((int)from, (int)length);
        var places = Enumerable.Range(0, (int)length).Select(i => (int)(from + (i * step)));
        return target is TracedText characters
            ? places.Aggregate(new TracedTextBuilder(budget), (text, place) => text.Append(characters.Slice(place, 1))).ToText()
            : places.Select(place => ((IReadOnlyList<object?>)target!)[place]).ToList();

        long Cut(long? bound, long missing) => bound is { } at ? Math.Clamp(at < 0 ? at + count : at, low, high) : missing;
    }
}
