using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Rge.Server.Answers;
using Rge.Server.Endpoints;
using Rge.Server.Errors;
using Rge.Server.Requests;
using Rge.Server.Serving;

namespace Rge.Server.Apis.Rerank;

/// <summary>
/// Scores in Cohere's and Jina's format: <c>POST /v1/rerank</c>, and <c>/v2/rerank</c>, where errors are as Cohere's clients read them.
/// </summary>
internal static class RerankEndpoints
{
    public static EndpointReference Reference { get; } =
        new(
            "Reranking",
            "Documents in the order of their scores, as Cohere and Jina have it",
            """
            A score is the probability that the document answers the query, as the reranker judges the two together. Query and documents are
            texts, Jina's objects of `text` and `image`, or Cohere's of a `content` of parts. A pair longer than the server's longest prompt
            is refused.
            """
        )
        {
            Fields =
            [
                new("model", null, "A name of the reranker; 404 for another's. May be left out."),
                new("query", null, "What is searched with: a text, or `{\"text\": …, \"image\": …}` with either or both."),
                new("documents", null, "What is scored, each as the query."),
                new("top_n", null, "How many results are answered; all unless given.", IsNumber: true),
                new("return_documents", null, "Show the text of each document in the answer.", IsFlag: true),
                new("instruction", null, "What is searched for, for example `Retrieve images that show the same object.`"),
            ],
            Examples = new Dictionary<string, string>(StringComparer.Ordinal)
            {
                ["Texts"] = """{"query": "a red circle", "documents": ["a blue square", "a circle in red"], "top_n": 1}""",
                ["Jina's items"] =
                    $$$"""{"query": {"text": "a red square"}, "documents": [{"image": "{{{ExampleImage.Base64}}}"}, {"text": "blue"}]}""",
            },
        };

    public static void MapRerank(this IEndpointRouteBuilder endpoints)
    {
        Map("/v1/rerank", ErrorFormat.InDetail);
        Map("/v2/rerank", ErrorFormat.InMessage);

        void Map(string path, ErrorFormat errors) => endpoints.MapPost(path, AnswerAsync).Describe(Reference).WithMetadata(errors);
    }

    private static async Task<Answer<RerankAnswer>> AnswerAsync(HttpContext context, ModelHost host, RerankService reranking)
    {
        var request = await RequestBody.ReadAsync(context.Request, body => RerankRequest.Read(body, host.RerankReader));
        var results = await reranking.ScoreAsync(request.Items, context.RequestAborted);
        return new(RerankAnswer.From(request, results, host.Model.Reranker!.Description.Name));
    }
}
