namespace Rge.Text.Jinja;

/// <summary>The value of what does not exist: prints as nothing, counts as false, has no attributes.</summary>
internal sealed record Undefined(string Name);
