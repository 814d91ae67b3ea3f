using System.Net.ServerSentEvents;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Rge.Server.Answers;
using Rge.Server.Endpoints;
using Rge.Server.Errors;
using Rge.Server.Requests;
using Rge.Server.Serving;

namespace Rge.Server.Apis.Rge;

/// <summary>A rationale and its embedding, at once or as it is written: <c>POST /v1/rationales</c>.</summary>
internal static class RationaleEndpoints
{
    public static EndpointReference Reference { get; } =
        new(
            "Rationales",
            "A rationale as it is written, and the embedding after it",
            """
            One item, in OpenAI's shape. With `stream` the answer comes as Server-Sent Events: `rationale` with a piece of text each, then
            `embedding` with what is answered without `stream`; `error` where something goes wrong on the way.
            """
        )
        {
            Fields =
            [
                FieldReference.Model,
                new("input", null, "A text, or one item as for `/v1/embeddings`."),
                new("messages", null, "Instead of `input`: a conversation."),
                new("stream", null, "Send the rationale as it is written.", IsFlag: true),
                new("rationale", null, "A rationale to read instead of writing one: one that the user has edited."),
                FieldReference.Dimensions("dimensions"),
                .. FieldReference.Extensions,
            ],
            Examples = new Dictionary<string, string>(StringComparer.Ordinal)
            {
                ["As it is written"] = """{"input": "the red circle above a blue square", "max_rationale_tokens": 36, "stream": true}""",
                ["One that was edited"] = """{"input": "the red circle above a blue square", "rationale": "a red circle"}""",
            },
        };

    public static void MapRationales(this IEndpointRouteBuilder endpoints) =>
        endpoints.MapPost("/v1/rationales", AnswerAsync).Describe(Reference).Produces<RationaleAnswer>();

    private static async Task<IResult> AnswerAsync(HttpContext context, ModelHost host, EmbeddingService embeddings, ApiErrors errors)
    {
        var request = await RequestBody.ReadAsync(context.Request, body => RationaleRequest.Read(body, host.Reader));
        if (!request.Streams)
            return new Answer<RationaleAnswer>(
                RationaleAnswer.From(await embeddings.EmbedAsync(request.Embedding, context.RequestAborted))
            );
        return await EventStream.AnswerAsync(context, errors, embeddings.StreamAsync(request.Embedding, context.RequestAborted), ToEvent);

        SseItem<string> ToEvent(RationaleUpdate update) =>
            update.Embedding is { } embedding
                ? EventStream.Event("embedding", RationaleAnswer.From(embeddings.Result(request.Embedding, [embedding])))
                : EventStream.Event("rationale", new RationaleText(update.Text));
    }
}
