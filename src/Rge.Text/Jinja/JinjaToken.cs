namespace Rge.Text.Jinja;

/// <summary>A token of a template.</summary>
internal readonly record struct JinjaToken(JinjaTokenKind Kind, string Text, int Line)
{
    /// <summary>True for this operator or punctuation.</summary>
    public bool Is(string symbol) => Kind == JinjaTokenKind.Operator && Text == symbol;

    /// <summary>True for this name.</summary>
    public bool IsName(string name) => Kind == JinjaTokenKind.Name && Text == name;

    /// <inheritdoc/>
    public override string ToString() => Kind == JinjaTokenKind.End ? "the end of the template" : $"\"{Text}\"";
}
