namespace Rge.Server.Answers;

/// <summary>OpenAI's error object.</summary>
/// <param name="Error">What went wrong.</param>
internal sealed record ErrorAnswer(ErrorDetails Error);
