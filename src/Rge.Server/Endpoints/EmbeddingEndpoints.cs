using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
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
        endpoints.MapPost("/v2/embed", CohereAsync).Describe(EndpointReference.Cohere).WithMetadata(ErrorShape.Cohere);
        endpoints.MapPost("/v1/multimodalembeddings", VoyageAsync).Describe(EndpointReference.Voyage).WithMetadata(ErrorShape.Voyage);
    }

    private static async Task<Answer<EmbeddingList>> OpenAiAsync(HttpContext context, RequestReader reader, EmbeddingService embeddings, AnswerWriter answers)
    {
        var request = await RequestBody.ReadAsync(context.Request, reader.OpenAi);
        return new Answer<EmbeddingList>(answers.OpenAi(request, await embeddings.EmbedAsync(request, context.RequestAborted)));
    }

    private static async Task<Answer<CohereEmbeddings>> CohereAsync(HttpContext context, RequestReader reader, EmbeddingService embeddings)
    {
        var request = await RequestBody.ReadAsync(context.Request, reader.Cohere);
        return new Answer<CohereEmbeddings>(AnswerWriter.Cohere(request, await embeddings.EmbedAsync(request, context.RequestAborted)));
    }

    private static async Task<Answer<VoyageEmbeddings>> VoyageAsync(HttpContext context, RequestReader reader, EmbeddingService embeddings, AnswerWriter answers)
    {
        var request = await RequestBody.ReadAsync(context.Request, reader.Voyage);
        return new Answer<VoyageEmbeddings>(answers.Voyage(request, await embeddings.EmbedAsync(request, context.RequestAborted)));
    }
}
