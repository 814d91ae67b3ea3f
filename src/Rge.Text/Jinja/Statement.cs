namespace Rge.Text.Jinja;

/// <summary>A statement of a template, and the line it begins in.</summary>
internal abstract record Statement(int Line)
{
    /// <summary>Text outside of tags.</summary>
    public sealed record Data(TracedText Text, int Line) : Statement(Line);

    /// <summary><c>{{ value }}</c></summary>
    public sealed record Output(Expression Value, int Line) : Statement(Line);

    /// <summary><c>if</c>, <c>elif</c> … with the body of <c>else</c> last (empty where there is none).</summary>
    public sealed record If(
        IReadOnlyList<(Expression Condition, IReadOnlyList<Statement> Body)> Branches,
        IReadOnlyList<Statement> Otherwise,
        int Line
    ) : Statement(Line);

    /// <summary><c>for targets in items if condition</c></summary>
    public sealed record For(
        IReadOnlyList<string> Targets,
        Expression Items,
        Expression? Condition,
        IReadOnlyList<Statement> Body,
        IReadOnlyList<Statement> Otherwise,
        int Line
    ) : Statement(Line);

    /// <summary><c>set targets = value</c></summary>
    public sealed record Set(IReadOnlyList<string> Targets, Expression Value, int Line) : Statement(Line);

    /// <summary><c>set target.attribute = value</c>, on a namespace.</summary>
    public sealed record SetAttribute(string Target, string Attribute, Expression Value, int Line) : Statement(Line);

    /// <summary><c>set target</c> … <c>endset</c></summary>
    public sealed record Capture(string Target, IReadOnlyList<Statement> Body, int Line) : Statement(Line);

    /// <summary><c>macro name(parameters)</c></summary>
    public sealed record Macro(
        string Id,
        IReadOnlyList<(string Name, Expression? Default)> Parameters,
        IReadOnlyList<Statement> Body,
        int Line
    ) : Statement(Line);

    /// <summary>Statements that only belong together.</summary>
    public sealed record Block(IReadOnlyList<Statement> Body, int Line) : Statement(Line);

    /// <summary><c>break</c> or <c>continue</c></summary>
    public sealed record Jump(bool LeavesLoop, int Line) : Statement(Line);
}
