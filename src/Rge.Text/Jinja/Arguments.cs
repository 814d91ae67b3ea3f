namespace Rge.Text.Jinja;

/// <summary>The evaluated arguments of a call.</summary>
internal sealed class Arguments(IReadOnlyList<object?> positional, IReadOnlyList<(string Name, object? Value)> named)
{
    /// <summary>Stands for an argument that was not given.</summary>
    public static readonly object Missing = new();

    public IReadOnlyList<object?> Positional => positional;

    public IReadOnlyList<(string Name, object? Value)> Named => named;

    /// <summary>The arguments in the order of the parameters, <see cref="Missing"/> where one was not given.</summary>
    /// <exception cref="JinjaException">There are more arguments than parameters, or one has an unknown name.</exception>
    public object?[] Bind(params ReadOnlySpan<string> parameters)
    {
        if (positional.Count > parameters.Length)
            throw new JinjaException($"{positional.Count} arguments are given, expected at most {parameters.Length}", 0);
        var bound = new object?[parameters.Length];
        for (var i = 0; i < bound.Length; i++)
            bound[i] = i < positional.Count ? positional[i] : Missing;
        foreach (var (name, value) in named)
        {
            var index = parameters.IndexOf(name);
            if (index < 0 || bound[index] != Missing)
                throw new JinjaException($"the argument {name} is unknown or given twice", 0);
            bound[index] = value;
        }
        return bound;
    }

    /// <summary>The same without the first positional argument.</summary>
    public Arguments Skip(int count) => new([.. positional.Skip(count)], named);
}
