namespace Rge.Text;

/// <summary>A stretch of a prompt from one source.</summary>
/// <param name="Text">The text; never empty inside a <see cref="PromptText"/>.</param>
/// <param name="IsTrusted">True for text in which special tokens count: a template, or text whose author may write them.</param>
public readonly record struct PromptSegment(string Text, bool IsTrusted);
