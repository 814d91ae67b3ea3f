namespace Rge.Text.Jinja;

/// <summary>What <c>namespace()</c> makes: the only thing that a template can change.</summary>
internal sealed class TemplateNamespace
{
    public Dictionary<string, object?> Attributes { get; } = new(StringComparer.Ordinal);
}
