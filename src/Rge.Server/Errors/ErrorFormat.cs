namespace Rge.Server.Errors;

/// <summary>
/// Marks an endpoint whose clients look for the sentence of an error in a member of their own, beside OpenAI's error object.
/// </summary>
/// <param name="Complete">Adds that member.</param>
internal sealed record ErrorFormat(Func<ErrorAnswer, ErrorAnswer> Complete);
