using System.ComponentModel;
using System.Text.Json.Serialization;

namespace Rge.Server.Errors;

/// <summary>OpenAI's error object, with what other clients look for.</summary>
/// <param name="Error">What went wrong.</param>
internal sealed record ErrorAnswer(ErrorDetails Error)
{
    [Description("The sentence again, where Cohere's clients look for it: at /v2/embed and /v2/rerank."), JsonPropertyOrder(1)]
    public string? Message { get; init; }

    [
        Description("The sentence again, where clients of Voyage and Jina look for it: at /v1/multimodalembeddings and /v1/rerank."),
        JsonPropertyOrder(2)
    ]
    public string? Detail { get; init; }
}

/// <summary>What went wrong.</summary>
internal sealed record ErrorDetails(
    [property: Description("One sentence for people: what was given, what was expected.")] string Message,
    [property: Description(
        "The kind of error: invalid_request_error, authentication_error, permission_error, not_found_error, rate_limit_error or "
            + "server_error."
    )]
        string Type,
    [property: Description("The place in the request."), JsonIgnore(Condition = JsonIgnoreCondition.Never)] string? Param,
    [property: Description("A name for programs."), JsonIgnore(Condition = JsonIgnoreCondition.Never)] string? Code
);
