namespace Rge.Text.Jinja;

/// <summary>Something that a template can call: a global function, a method bound to its value, or a macro.</summary>
internal sealed record TemplateFunction(string Name, Func<Arguments, object?> Invoke);
