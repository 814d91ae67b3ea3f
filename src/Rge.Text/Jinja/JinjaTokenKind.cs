namespace Rge.Text.Jinja;

/// <summary>Kinds of template token.</summary>
internal enum JinjaTokenKind
{
    /// <summary>Text outside of tags.</summary>
    Data,

    /// <summary><c>{%</c></summary>
    BlockStart,

    /// <summary><c>%}</c></summary>
    BlockEnd,

    /// <summary><c>{{</c></summary>
    OutputStart,

    /// <summary><c>}}</c></summary>
    OutputEnd,

    /// <summary>A name or keyword.</summary>
    Name,

    /// <summary>A whole number.</summary>
    Integer,

    /// <summary>A number with a fraction.</summary>
    Float,

    /// <summary>A string literal, its escapes resolved.</summary>
    String,

    /// <summary>Operator or punctuation.</summary>
    Operator,

    /// <summary>The end of the template.</summary>
    End,
}
