using Rge.Server.Errors;
using Rge.Server.Requests;

namespace Rge.Server.Apis.Voyage;

/// <summary>Reads Voyage's format: <c>inputs</c> of interleaved texts and images.</summary>
internal static class VoyageRequest
{
    public static RequestMembers Members { get; } =
        RequestMembers.Embedding("inputs", "output_encoding", "encoding_format", "output_dimension");

    /// <summary>Reads a request.</summary>
    /// <param name="body">The request.</param>
    /// <param name="reader">Reads what all formats have in common.</param>
    /// <exception cref="ApiException">The request cannot be understood, or exceeds a limit.</exception>
    public static EmbeddingRequest Read(JsonField body, RequestReader reader)
    {
        Members.Check(body);
        var items = body["inputs"].Elements(reader.MaxItems, "items").Select(element => (element.Path, ItemBuilder.OfContent(element)));
        return reader.Read(body, items, RequestReader.Shared(body, body["input_type"].OptionalChoice(RoleNames.InputTypes))) with
        {
            Dimensions = reader.Dimensions(body["output_dimension"]),
            Encodings = [RequestReader.Encoding(body["output_encoding"], body["encoding_format"])],
        };
    }
}
