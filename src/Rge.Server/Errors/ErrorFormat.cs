namespace Rge.Server.Errors;

/// <summary>
/// Marks an endpoint whose clients look for the sentence of an error in a member of their own, beside OpenAI's error object.
/// </summary>
/// <param name="Complete">Adds that member.</param>
internal sealed record ErrorFormat(Func<ErrorAnswer, ErrorAnswer> Complete)
{
    /// <summary>In <c>message</c>, as Cohere's clients read it.</summary>
    public static ErrorFormat InMessage { get; } = new(error => error with { Message = error.Error.Message });

    /// <summary>In <c>detail</c>, as clients of Voyage and Jina read it.</summary>
    public static ErrorFormat InDetail { get; } = new(error => error with { Detail = error.Error.Message });
}
