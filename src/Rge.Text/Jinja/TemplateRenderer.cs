namespace Rge.Text.Jinja;

/// <summary>Renders the statements of a template. One for each rendering.</summary>
internal sealed class TemplateRenderer
{
    // Statements, expressions and macro calls inside one another; well within the smallest stack of a thread.
    private const int MaxDepth = 250;

    private readonly RenderBudget _budget;
    private readonly ExpressionEvaluator _expressions;
    private readonly Scope _globals = new(null);
    private TracedTextBuilder _output;
    private Scope _scope;
    private int _depth;

    private TemplateRenderer(RenderBudget budget)
    {
        _budget = budget;
        _output = new TracedTextBuilder(budget);
        _scope = new Scope(_globals);
        _expressions = new ExpressionEvaluator(budget, Variable, Deeper);
        foreach (var function in GlobalFunctions.All(budget))
            _globals[function.Name] = function;
    }

    private enum Flow
    {
        Next,
        Break,
        Continue,
    }

    /// <summary>Renders a template.</summary>
    /// <exception cref="JinjaException">It fails, or exceeds the budget.</exception>
    public static TracedText Render(
        IReadOnlyList<Statement> template,
        IEnumerable<KeyValuePair<string, object?>> variables,
        RenderBudget budget
    )
    {
        var renderer = new TemplateRenderer(budget);
        foreach (var (name, value) in variables)
            renderer._globals[name] = value;
        renderer.Run(template);
        return renderer._output.ToText();
    }

    /// <summary>The value of a variable, which is looked for in every scope around it.</summary>
    private object? Variable(string name)
    {
        _budget.Spend(_scope.Depth);
        return _scope[name];
    }

    private T Deeper<T>(Func<T> inner)
    {
        if (++_depth > MaxDepth)
            throw new JinjaException($"goes more than {MaxDepth} levels deep", 0);
        var result = inner();
        _depth--;
        return result;
    }

    private Flow Run(IReadOnlyList<Statement> body)
    {
        foreach (var statement in body)
        {
            _budget.Spend(1);
            try
            {
                if (Deeper(() => Run(statement)) is var flow and not Flow.Next)
                    return flow;
            }
            catch (JinjaException e) when (e.Line == 0)
            {
                throw new JinjaException(e.Message, statement.Line);
            }
        }
        return Flow.Next;
    }

    private Flow Run(Statement statement)
    {
        switch (statement)
        {
            case Statement.Data data:
                _output.Append(data.Text);
                return Flow.Next;
            case Statement.Output output:
                _output.Append(TemplateValue.ToText(_expressions.Evaluate(output.Value)));
                return Flow.Next;
            case Statement.If branching:
                var taken = branching.Branches.FirstOrDefault(branch => TemplateValue.IsTrue(_expressions.Evaluate(branch.Condition)));
                return Run(taken.Body ?? branching.Otherwise);
            case Statement.For loop:
                return RunLoop(loop);
            case Statement.Block block:
                return Run(block.Body);
            case Statement.Jump jump:
                return jump.LeavesLoop ? Flow.Break : Flow.Continue;
            case Statement.Set set:
                Assign(set.Targets, _expressions.Evaluate(set.Value));
                return Flow.Next;
            case Statement.SetAttribute set:
                if (_scope[set.Target] is not TemplateNamespace target)
                    throw new JinjaException($"{set.Target} is no namespace, so it has no attribute to set", 0);
                target.Attributes[set.Attribute] = _expressions.Evaluate(set.Value);
                return Flow.Next;
            case Statement.Capture capture:
                _scope[capture.Target] = Captured(capture.Body, new Scope(_scope));
                return Flow.Next;
            case Statement.Macro macro:
                var defined = _scope;
                _scope[macro.Id] = new TemplateFunction(macro.Id, arguments => CallMacro(macro, defined, arguments));
                return Flow.Next;
            default:
                throw new System.Diagnostics.UnreachableException();
        }
    }

    private Flow RunLoop(Statement.For loop)
    {
        var outer = _scope;
        var entries = TemplateValue.Entries(_expressions.Evaluate(loop.Items), _budget);
        if (loop.Condition is not null)
            entries = [.. entries.Where(entry => Holds(loop, entry, outer))];
        if (entries.Count == 0)
            return Run(loop.Otherwise);
        for (var i = 0; i < entries.Count; i++)
        {
            _budget.Spend(1);
            _scope = new Scope(outer) { ["loop"] = new LoopState(entries, i) };
            Assign(loop.Targets, entries[i]);
            var flow = Run(loop.Body);
            _scope = outer;
            if (flow == Flow.Break)
                break;
        }
        return Flow.Next;
    }

    private bool Holds(Statement.For loop, object? entry, Scope outer)
    {
        _scope = new Scope(outer);
        Assign(loop.Targets, entry);
        var holds = TemplateValue.IsTrue(_expressions.Evaluate(loop.Condition!));
        _scope = outer;
        return holds;
    }

    private void Assign(IReadOnlyList<string> targets, object? value)
    {
        if (targets is [var single])
        {
            _scope[single] = value;
            return;
        }
        _budget.Spend(targets.Count);
        var entries = TemplateValue.Entries(value, _budget);
        if (entries.Count != targets.Count)
            throw new JinjaException($"{entries.Count} values are assigned to {targets.Count} names", 0);
        for (var i = 0; i < targets.Count; i++)
            _scope[targets[i]] = entries[i];
    }

    private TracedText CallMacro(Statement.Macro macro, Scope defined, Arguments arguments)
    {
        _budget.Spend(macro.Parameters.Count);
        var values = arguments.Bind([.. macro.Parameters.Select(parameter => parameter.Name)]);
        var scope = new Scope(defined);
        var caller = _scope;
        _scope = scope;
        for (var i = 0; i < values.Length; i++)
        {
            var (name, fallback) = macro.Parameters[i];
            scope[name] =
                values[i] != Arguments.Missing ? values[i]
                : fallback is null ? new Undefined(name)
                : _expressions.Evaluate(fallback);
        }
        _scope = caller;
        return Captured(macro.Body, scope);
    }

    private TracedText Captured(IReadOnlyList<Statement> body, Scope scope)
    {
        var (output, outer) = (_output, _scope);
        (_output, _scope) = (new TracedTextBuilder(_budget), scope);
        Run(body);
        var text = _output.ToText();
        (_output, _scope) = (output, outer);
        return text;
    }
}
