using System.ComponentModel;
using System.Text.Json.Serialization;

namespace Rge.Server.Answers;

/// <summary>OpenAI's error object, with what other clients look for.</summary>
/// <param name="Error">What went wrong.</param>
internal sealed record ErrorAnswer(ErrorDetails Error)
{
    [Description("The sentence again, where Cohere's clients look for it: at /v2/embed alone."), JsonPropertyOrder(1)]
    public string? Message { get; init; }

    [Description("The sentence again, where Voyage's clients look for it: at /v1/multimodalembeddings alone."), JsonPropertyOrder(2)]
    public string? Detail { get; init; }
}
