using System.Text.Json;
using Rge.Files;
using Rge.Server.Apis.Jina;
using Rge.Server.Errors;
using Rge.Server.Requests;

namespace Rge.Server.Apis.Rerank;

/// <summary>A query and the documents that are scored for it.</summary>
/// <param name="Query">The query.</param>
/// <param name="Documents">The documents, at least one.</param>
/// <param name="Top">How many results are answered.</param>
/// <param name="ReturnDocuments">Whether results have the texts of their documents.</param>
internal sealed record RerankRequest(RequestItem Query, IReadOnlyList<RequestItem> Documents, int Top, bool ReturnDocuments)
{
    /// <summary>
    /// Members of a request, <c>instruction</c> and the areas of images apart those of Cohere and Jina. Others are refused: what asks for
    /// truncation, such as <c>max_tokens_per_doc</c>, would not be done.
    /// </summary>
    public static RequestMembers Members { get; } =
        new(
            ["model", "query", "documents", "top_n", "return_documents", "instruction", "min_pixels", "max_pixels", "mm_processor_kwargs"],
            withoutEffect: ["user", "request_id", "priority"]
        );

    /// <summary>Query and documents in this order.</summary>
    public IReadOnlyList<RequestItem> Items => [Query, .. Documents];

    /// <summary>Reads a request.</summary>
    /// <param name="body">The request.</param>
    /// <param name="reader">Reads what all formats have in common.</param>
    /// <exception cref="ApiException">The request cannot be understood, or exceeds a limit.</exception>
    public static RerankRequest Read(JsonField body, RequestReader reader)
    {
        Members.Check(body);
        var documents = body["documents"].Elements(reader.MaxItems, "documents");
        var items = documents.Prepend(body["query"]).Select(field => (field.Place, Item(field)));
        var read = reader.Read(body, items, new EmbeddingInput { Instruction = body["instruction"].Text(null) }).Items;
        return new RerankRequest(
            read[0],
            [.. read.Skip(1)],
            body["top_n"].OptionalInteger(1, int.MaxValue) ?? documents.Count,
            body["return_documents"].Flag(false)
        );
    }

    /// <summary>A text, an object of text and image as Jina has it, or one with a content of parts as Cohere has it.</summary>
    private static ItemBuilder Item(JsonField field)
    {
        if (field.Kind != JsonValueKind.Object)
            return ItemBuilder.OfText(field);
        return field["content"].IsMissing ? JinaFormat.Item(field) : ItemBuilder.OfContent(field);
    }
}
