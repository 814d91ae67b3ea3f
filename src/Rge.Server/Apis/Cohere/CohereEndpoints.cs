using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Rge.Server.Answers;
using Rge.Server.Endpoints;
using Rge.Server.Errors;
using Rge.Server.Requests;
using Rge.Server.Serving;

namespace Rge.Server.Apis.Cohere;

/// <summary>Embeddings in Cohere's format: <c>POST /v2/embed</c>.</summary>
internal static class CohereEndpoints
{
    public static EndpointReference Reference { get; } =
        new(
            "Embeddings",
            "Embeddings, as Cohere has them",
            """
            Exactly one of `texts`, `images` and `inputs` is given. Embeddings are sent in every form asked for: numbers of the whole-number
            forms are scaled by the largest component of each vector, binary forms have the signs, the first component in the highest bit.
            """
        )
        {
            Fields =
            [
                FieldReference.Model,
                new("texts", null, "Texts, each an item."),
                new("images", null, "Images as data URIs, each an item."),
                new("inputs", null, "Items of a `content` of `text` and `image_url` parts."),
                FieldReference.InputType,
                new("embedding_types", null, "The forms: any of float, base64, int8, uint8, binary, ubinary."),
                FieldReference.Dimensions("output_dimension"),
                .. FieldReference.Extensions,
            ],
            Examples = new Dictionary<string, string>(StringComparer.Ordinal)
            {
                ["Texts"] =
                    """{"input_type": "search_document", "embedding_types": ["float", "ubinary"], "texts": ["a red circle","""
                    + """ "a blue square"]}""",
                ["Image and text"] = $$$"""
                    {"input_type": "search_query", "inputs": [{"content": [
                      {"type": "text", "text": "the same shape in"}, {"type": "text", "text": "red"},
                      {"type": "image_url", "image_url": {"url": "{{{ExampleImage.Uri}}}"}}]}]}
                    """,
            },
        };

    public static void MapCohere(this IEndpointRouteBuilder endpoints) =>
        endpoints.MapPost("/v2/embed", AnswerAsync).Describe(Reference).WithMetadata(ErrorFormat.InMessage);

    private static async Task<Answer<CohereEmbeddings>> AnswerAsync(HttpContext context, ModelHost host, EmbeddingService embeddings)
    {
        var request = await RequestBody.ReadAsync(context.Request, body => CohereRequest.Read(body, host.Reader));
        return new(CohereEmbeddings.From(await embeddings.EmbedAsync(request, context.RequestAborted)));
    }
}
