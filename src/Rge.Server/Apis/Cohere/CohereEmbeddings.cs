using System.ComponentModel;
using Rge.Server.Answers;
using Rge.Server.Requests;

namespace Rge.Server.Apis.Cohere;

/// <summary>Cohere's answer.</summary>
internal sealed record CohereEmbeddings(
    string Id,
    [property: Description("For each form asked for, the embeddings of all items.")]
        IReadOnlyDictionary<string, IReadOnlyList<object>> Embeddings,
    [property: Description("The texts of a request with texts.")] IReadOnlyList<string> Texts,
    [property: Description("The rationales of all items; with return_rationale.")] IReadOnlyList<string?>? Rationales,
    CohereMeta Meta,
    TokenUsage Usage
)
{
    public string ResponseType { get; } = "embeddings_by_type";

    /// <summary>Makes the answer.</summary>
    public static CohereEmbeddings From(EmbeddedRequest result)
    {
        var (request, embeddings, usage) = (result.Request, result.Embeddings, result.Usage);
        var byEncoding = request.Encodings.ToDictionary(
            encoding => encoding.Name(),
            IReadOnlyList<object> (encoding) => [.. embeddings.Select(embedding => encoding.Encode(embedding.Vector))],
            StringComparer.Ordinal
        );
        string[] texts = request.Items.All(item => item.Images.Count == 0) ? [.. request.Items.Select(item => item.Text)] : [];
        return new CohereEmbeddings(
            result.Id,
            byEncoding,
            texts,
            request.ReturnRationale ? [.. embeddings.Select(embedding => embedding.Rationale)] : null,
            new CohereMeta(new CohereUnits(usage.PromptTokens - result.ImageTokens, result.ImageTokens)),
            usage
        );
    }
}

/// <summary>What Cohere says of an answer.</summary>
internal sealed record CohereMeta(CohereUnits BilledUnits)
{
    public IReadOnlyDictionary<string, string> ApiVersion { get; } =
        new Dictionary<string, string>(StringComparer.Ordinal) { ["version"] = "2" };
}

/// <summary>Tokens read, of text and of images.</summary>
internal sealed record CohereUnits(int InputTokens, int ImageTokens);
