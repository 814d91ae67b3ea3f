using Rge.Server.Apis.OpenAi;
using Rge.Server.Errors;
using Rge.Server.Requests;

namespace Rge.Server.Apis.Rge;

/// <summary>A request for a rationale and its embedding: one item in OpenAI's format, and whether the answer is streamed.</summary>
/// <param name="Embedding">The request of one item.</param>
/// <param name="Streams">Whether the rationale is sent as it is written.</param>
internal sealed record RationaleRequest(EmbeddingRequest Embedding, bool Streams)
{
    public static RequestMembers Members { get; } = OpenAiRequest.Members.With("rationale", "stream");

    /// <summary>Reads a request; its <c>rationale</c> is read by the model where it is given, instead of one being written.</summary>
    /// <param name="body">The request.</param>
    /// <param name="reader">Reads what all formats have in common.</param>
    /// <exception cref="ApiException">The request cannot be understood, exceeds a limit, or has more than one item.</exception>
    public static RationaleRequest Read(JsonField body, RequestReader reader)
    {
        var request = OpenAiRequest.Read(body, reader, Members);
        if (request.Items is not [var item])
            throw ApiException.Invalid($"The request has {request.Items.Count} items, expected one.", "input", "too_many");
        item = item with { Input = item.Input with { Rationale = body["rationale"].OptionalText() } };
        return new RationaleRequest(request with { Items = [item] }, body["stream"].Flag());
    }
}
