namespace Rge.Text.Jinja;

/// <summary>An expression of a template, and the line it begins in.</summary>
internal abstract record Expression(int Line)
{
    /// <summary>A constant.</summary>
    public sealed record Literal(object? Value, int Line) : Expression(Line);

    /// <summary>A variable.</summary>
    public sealed record Name(string Id, int Line) : Expression(Line);

    /// <summary><c>[a, b]</c> or <c>(a, b)</c></summary>
    public sealed record ListOf(IReadOnlyList<Expression> Items, int Line) : Expression(Line);

    /// <summary><c>{k: v}</c></summary>
    public sealed record MapOf(IReadOnlyList<(Expression Key, Expression Value)> Items, int Line) : Expression(Line);

    /// <summary><c>target.name</c></summary>
    public sealed record Attribute(Expression Target, string Id, int Line) : Expression(Line);

    /// <summary><c>target[index]</c></summary>
    public sealed record Item(Expression Target, Expression Index, int Line) : Expression(Line);

    /// <summary><c>target[start:stop:step]</c></summary>
    public sealed record Slice(Expression Target, Expression? Start, Expression? Stop, Expression? Step, int Line) : Expression(Line);

    /// <summary><c>callee(arguments)</c></summary>
    public sealed record Call(Expression Callee, ArgumentList Arguments, int Line) : Expression(Line);

    /// <summary><c>target|name(arguments)</c></summary>
    public sealed record Filter(Expression Target, string Id, ArgumentList Arguments, int Line) : Expression(Line);

    /// <summary><c>target is name(arguments)</c></summary>
    public sealed record Test(Expression Target, string Id, ArgumentList Arguments, int Line) : Expression(Line);

    /// <summary><c>not x</c>, <c>-x</c> or <c>+x</c></summary>
    public sealed record Unary(string Operator, Expression Operand, int Line) : Expression(Line);

    /// <summary>Arithmetic, <c>~</c>, <c>and</c>, <c>or</c>.</summary>
    public sealed record Binary(string Operator, Expression Left, Expression Right, int Line) : Expression(Line);

    /// <summary><c>a &lt; b &lt;= c</c>: every neighbouring pair holds.</summary>
    public sealed record Comparison(Expression First, IReadOnlyList<(string Operator, Expression Right)> Rest, int Line) : Expression(Line);

    /// <summary><c>value if condition else otherwise</c></summary>
    public sealed record Conditional(Expression Condition, Expression Value, Expression? Otherwise, int Line) : Expression(Line);

    /// <summary>The arguments of a call, by place and by name.</summary>
    public sealed record ArgumentList(IReadOnlyList<Expression> Positional, IReadOnlyList<(string Name, Expression Value)> Named)
    {
        /// <summary>No arguments.</summary>
        public static readonly ArgumentList None = new([], []);
    }
}
