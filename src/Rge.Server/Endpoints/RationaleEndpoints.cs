using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Rge.Server.Answers;
using Rge.Server.Reference;
using Rge.Server.Requests;
using Rge.Server.Serving;

namespace Rge.Server.Endpoints;

/// <summary>A rationale and its embedding, at once or as it is written.</summary>
internal static class RationaleEndpoints
{
    public static void MapRationales(this IEndpointRouteBuilder endpoints) =>
        endpoints.MapPost("/v1/rationales", AnswerAsync).Describe(EndpointReference.Rationales).Produces<RationaleAnswer>();

    private static async Task<IResult> AnswerAsync(
        HttpContext context, RequestReader reader, EmbeddingService embeddings, AnswerWriter answers, ApiErrors errors)
    {
        var (request, streams) = await RequestBody.ReadAsync(context.Request, body => (reader.Single(body), body["stream"].Flag()));
        if (!streams) return new Answer<RationaleAnswer>(answers.Rationale(request, (await embeddings.EmbedAsync(request, context.RequestAborted))[0]));
        return await EventWriter.StreamAsync(context, errors, embeddings.StreamAsync(request, context.RequestAborted), (events, update) =>
            update.Embedding is { } embedding ? events.WriteAsync("embedding", answers.Rationale(request, embedding)) : events.WriteAsync("rationale", new RationaleText(update.Text)));
    }
}
