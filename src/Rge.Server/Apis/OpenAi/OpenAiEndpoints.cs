using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Rge.Server.Answers;
using Rge.Server.Apis.Jina;
using Rge.Server.Endpoints;
using Rge.Server.Requests;
using Rge.Server.Serving;

namespace Rge.Server.Apis.OpenAi;

/// <summary>Embeddings in OpenAI's format with vLLM's <c>messages</c>, and in Jina's: <c>POST /v1/embeddings</c>.</summary>
internal static class OpenAiEndpoints
{
    public static EndpointReference Reference { get; } =
        new(
            "Embeddings",
            "Embeddings, as OpenAI, vLLM and Jina have them",
            """
            Each text, item or conversation becomes one embedding of length 1. A query is embedded after a short rationale that the model writes
            first, a document straight away; say which by `role` or Jina's `task`.

            Nothing is truncated: what is too long is refused. Token ids are refused, since they depend on the tokenizer.
            """
        )
        {
            Fields =
            [
                FieldReference.Model,
                new(
                    "input",
                    null,
                    "A text, a list of texts, or a list of Jina's items `{\"text\": …, \"image\": …}` with either or both; `image` is a "
                        + "data URI or base64. A text that is a data URI of an image is that image. A conversation or a list of them "
                        + "is taken too."
                ),
                new(
                    "messages",
                    null,
                    "Instead of `input`: a conversation, which becomes one embedding, or a list of conversations. The user's messages "
                        + "have texts "
                        + "and `image_url` parts, a system message is the instruction."
                ),
                JinaFormat.TaskReference,
                FieldReference.Encoding("encoding_format"),
                FieldReference.Dimensions("dimensions"),
                .. FieldReference.Extensions,
            ],
            Examples = new Dictionary<string, string>(StringComparer.Ordinal)
            {
                ["Texts"] = """{"input": ["a red circle", "a blue square"], "role": "document"}""",
                ["A query with its rationale"] =
                    """{"input": "the red circle above a blue square", "reasoning": "on", "return_rationale": true,"""
                    + """ "max_rationale_tokens": 36}""",
                ["Image and text as messages"] = $$$"""
                    {"messages": [{"role": "user", "content": [
                      {"type": "image_url", "image_url": {"url": "{{{ExampleImage.Uri}}}"}},
                      {"type": "text", "text": "what is above the square?"}]}], "return_rationale": true}
                    """,
                ["Jina's items"] = JinaFormat.Example,
            },
        };

    public static void MapOpenAi(this IEndpointRouteBuilder endpoints) =>
        endpoints.MapPost("/v1/embeddings", AnswerAsync).Describe(Reference);

    private static async Task<Answer<EmbeddingList>> AnswerAsync(HttpContext context, ModelHost host, EmbeddingService embeddings)
    {
        var request = await RequestBody.ReadAsync(context.Request, body => OpenAiRequest.Read(body, host.Reader));
        return new(EmbeddingList.From(await embeddings.EmbedAsync(request, context.RequestAborted)));
    }
}
