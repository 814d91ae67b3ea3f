using Rge.Server.Errors;
using Rge.Server.Requests;

namespace Rge.Server.Apis.Cohere;

/// <summary>Reads Cohere's format: <c>texts</c>, <c>images</c> or <c>inputs</c>.</summary>
internal static class CohereRequest
{
    public static RequestMembers Members { get; } =
        RequestMembers.Embedding("texts", "images", "inputs", "embedding_types", "output_dimension");

    /// <summary>Reads a request.</summary>
    /// <param name="body">The request.</param>
    /// <param name="reader">Reads what all formats have in common.</param>
    /// <exception cref="ApiException">The request cannot be understood, or exceeds a limit.</exception>
    public static EmbeddingRequest Read(JsonField body, RequestReader reader)
    {
        Members.Check(body);
        JsonField[] kinds = [body["texts"], body["images"], body["inputs"]];
        if (kinds.Count(kind => kind.IsGiven) != 1)
            throw ApiException.Invalid("Expected exactly one of texts, images and inputs.", param: null);
        var given = Array.Find(kinds, kind => kind.IsGiven);
        var items = given.Elements(reader.MaxItems, "items").Select(element => (element.Path, given.Path switch
        {
            "texts" => ItemBuilder.OfText(element),
            "images" => ItemBuilder.OfImage(element),
            _ => ItemBuilder.OfContent(element),
        }));
        return reader.Read(body, items, RequestReader.Shared(body, body["input_type"].OptionalChoice(RoleNames.InputTypes))) with
        {
            Dimensions = reader.Dimensions(body["output_dimension"]),
            Encodings = Encodings(body["embedding_types"]),
        };
    }

    private static IReadOnlyList<VectorEncoding> Encodings(JsonField types) => !types.IsGiven ? [VectorEncoding.Float] :
    [
        .. types.Elements(VectorEncodings.All.Count, "types")
            .Select(type => type.OptionalChoice(VectorEncodings.All) ?? throw type.Error("a name")).Distinct(),
    ];
}
