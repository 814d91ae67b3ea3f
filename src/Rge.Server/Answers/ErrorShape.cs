namespace Rge.Server.Answers;

/// <summary>Marks an endpoint whose clients look for the sentence of an error in a member of their own, beside OpenAI's error object.</summary>
internal sealed class ErrorShape
{
    private ErrorShape() { }

    /// <summary>Cohere's <c>message</c>.</summary>
    public static ErrorShape Cohere { get; } = new();

    /// <summary>Voyage's <c>detail</c>.</summary>
    public static ErrorShape Voyage { get; } = new();
}
