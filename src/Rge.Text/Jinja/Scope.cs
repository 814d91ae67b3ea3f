namespace Rge.Text.Jinja;

/// <summary>The variables of a template, a loop body or a macro call.</summary>
internal sealed class Scope(Scope? outer)
{
    private readonly Dictionary<string, object?> _variables = new(StringComparer.Ordinal);

    /// <summary>Value of a variable here or outside of here.</summary>
    public object? this[string name]
    {
        get
        {
            for (var scope = this; scope is not null; scope = scope.Outer)
                if (scope._variables.TryGetValue(name, out var value))
                    return value;
            return new Undefined(name);
        }
        set => _variables[name] = value;
    }

    /// <summary>How many scopes there are around this one.</summary>
    public int Depth { get; } = outer is null ? 0 : outer.Depth + 1;

    private Scope? Outer { get; } = outer;
}
