using System.ComponentModel;
using Rge.Server.Answers;

namespace Rge.Server.Apis.Rerank;

/// <summary>The answer, which has the members of both Cohere's and Jina's.</summary>
internal sealed record RerankAnswer(
    string Id,
    string Model,
    [property: Description("The best documents first.")] IReadOnlyList<RerankHit> Results,
    RerankMeta Meta,
    TokenUsage Usage
)
{
    public string Object { get; } = "list";

    /// <summary>Makes the answer.</summary>
    public static RerankAnswer From(RerankRequest request, IReadOnlyList<RerankResult> results, string model) =>
        new(
            $"rerank-{Guid.NewGuid():N}",
            model,
            [
                .. results
                    .OrderByDescending(result => result.Score)
                    .Take(request.Top)
                    .Select(result => new RerankHit(
                        result.Index,
                        result.Score,
                        request.ReturnDocuments ? new RerankDocument(request.Documents[result.Index].Text) : null
                    )),
            ],
            new RerankMeta(new RerankUnits(1)),
            TokenUsage.Create(results.Sum(result => result.PromptTokens), written: 0)
        );
}

/// <summary>A document's score.</summary>
internal sealed record RerankHit(
    [property: Description("The document's place in the request.")] int Index,
    [property: Description("How probable it is that the document answers the query, 0 to 1.")] double RelevanceScore,
    [property: Description("With return_documents.")] RerankDocument? Document
);

/// <summary>The text of a document; empty for an image alone.</summary>
internal sealed record RerankDocument(string Text);

/// <summary>What Cohere says of an answer.</summary>
internal sealed record RerankMeta(RerankUnits BilledUnits)
{
    public IReadOnlyDictionary<string, string> ApiVersion { get; } =
        new Dictionary<string, string>(StringComparer.Ordinal) { ["version"] = "2" };
}

/// <summary>Searches made.</summary>
internal sealed record RerankUnits(int SearchUnits);
