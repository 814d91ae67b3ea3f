using System.ComponentModel;

namespace Rge.Server.Answers;

/// <summary>Cohere's answer.</summary>
internal sealed record CohereEmbeddings(
    string Id,
    [property: Description("For each form asked for, the embeddings of all items.")] IReadOnlyDictionary<string, IReadOnlyList<object>> Embeddings,
    [property: Description("The texts of a request with texts.")] IReadOnlyList<string> Texts,
    [property: Description("The rationales of all items; with return_rationale.")] IReadOnlyList<string?>? Rationales,
    CohereMeta Meta,
    TokenUsage Usage)
{
    public string ResponseType { get; } = "embeddings_by_type";
}
