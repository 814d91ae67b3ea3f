using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Rge.Server.Answers;
using Rge.Server.Reference;
using Rge.Server.Requests;
using Rge.Server.Serving;

namespace Rge.Server.Endpoints;

/// <summary>Embeddings in the shapes that clients know.</summary>
internal static class EmbeddingEndpoints
{
    public static void MapEmbeddings(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapPost("/v1/embeddings", OpenAiAsync).Describe(EndpointReference.OpenAi);
        endpoints.MapPost("/v2/embed", CohereAsync).Describe(EndpointReference.Cohere);
        endpoints.MapPost("/v1/multimodalembeddings", VoyageAsync).Describe(EndpointReference.Voyage);
    }

    private static async Task<Ok<EmbeddingList>> OpenAiAsync(HttpContext context, RequestReader reader, EmbeddingService embeddings, AnswerWriter answers)
    {
        var request = await RequestBody.ReadAsync(context.Request, reader.OpenAi);
        return TypedResults.Ok(answers.OpenAi(request, await embeddings.EmbedAsync(request, context.RequestAborted)));
    }

    private static async Task<Ok<CohereEmbeddings>> CohereAsync(HttpContext context, RequestReader reader, EmbeddingService embeddings)
    {
        var request = await RequestBody.ReadAsync(context.Request, reader.Cohere);
        return TypedResults.Ok(AnswerWriter.Cohere(request, await embeddings.EmbedAsync(request, context.RequestAborted)));
    }

    private static async Task<Ok<VoyageEmbeddings>> VoyageAsync(HttpContext context, RequestReader reader, EmbeddingService embeddings, AnswerWriter answers)
    {
        var request = await RequestBody.ReadAsync(context.Request, reader.Voyage);
        return TypedResults.Ok(answers.Voyage(request, await embeddings.EmbedAsync(request, context.RequestAborted)));
    }
}
