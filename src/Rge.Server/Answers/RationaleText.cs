namespace Rge.Server.Answers;

/// <summary>A piece of a rationale as it is written.</summary>
internal sealed record RationaleText(string Text);
