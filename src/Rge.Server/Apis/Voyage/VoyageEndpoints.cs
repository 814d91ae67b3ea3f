using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Rge.Server.Answers;
using Rge.Server.Endpoints;
using Rge.Server.Errors;
using Rge.Server.Requests;
using Rge.Server.Serving;

namespace Rge.Server.Apis.Voyage;

/// <summary>Embeddings in Voyage's format: <c>POST /v1/multimodalembeddings</c>.</summary>
internal static class VoyageEndpoints
{
    public static EndpointReference Reference { get; } =
        new("Embeddings", "Embeddings, as Voyage has them", "Items of interleaved texts and images, each one embedding.")
        {
            Fields =
            [
                FieldReference.Model,
                new("inputs", null, "Items of a `content` of `text`, `image_url` and `image_base64` parts."),
                FieldReference.InputType,
                FieldReference.Encoding("output_encoding"),
                FieldReference.Dimensions("output_dimension"),
                .. FieldReference.Extensions,
            ],
            Examples = new Dictionary<string, string>(StringComparer.Ordinal)
            {
                ["Image and text"] = $$$"""
                    {"input_type": "query", "inputs": [{"content": [
                      {"type": "text", "text": "a red square"}, {"type": "image_base64", "image_base64": "{{{ExampleImage.Uri}}}"}]}]}
                    """,
            },
        };

    public static void MapVoyage(this IEndpointRouteBuilder endpoints) =>
        endpoints.MapPost("/v1/multimodalembeddings", AnswerAsync).Describe(Reference).WithMetadata(ErrorFormat.InDetail);

    private static async Task<Answer<VoyageEmbeddings>> AnswerAsync(HttpContext context, ModelHost host, EmbeddingService embeddings)
    {
        var request = await RequestBody.ReadAsync(context.Request, body => VoyageRequest.Read(body, host.Reader));
        return new(VoyageEmbeddings.From(await embeddings.EmbedAsync(request, context.RequestAborted)));
    }
}
