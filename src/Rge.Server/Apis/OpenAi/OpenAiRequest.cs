using System.Text.Json;
using Rge.Server.Apis.Jina;
using Rge.Server.Errors;
using Rge.Server.Requests;

namespace Rge.Server.Apis.OpenAi;

/// <summary>Reads OpenAI's format: <c>input</c> of texts, Jina's items or conversations, or vLLM's <c>messages</c>.</summary>
internal static class OpenAiRequest
{
    /// <summary>OpenAI's members, with vLLM's, Jina's and Voyage's.</summary>
    public static RequestMembers Members { get; } =
        RequestMembers.Embedding("input", "messages", "task", "encoding_format", "embedding_type", "dimensions", "output_dimension");

    /// <summary>Reads a request.</summary>
    /// <param name="body">The request.</param>
    /// <param name="reader">Reads what all formats have in common.</param>
    /// <param name="members">The members it may have; <see cref="Members"/> unless given.</param>
    /// <exception cref="ApiException">The request cannot be understood, or exceeds a limit.</exception>
    public static EmbeddingRequest Read(JsonField body, RequestReader reader, RequestMembers? members = null)
    {
        (members ?? Members).Check(body);
        var (input, messages) = (body["input"], body["messages"]);
        if (input.IsGiven == messages.IsGiven)
            throw (input.IsGiven ? messages : input).Invalid("Expected exactly one of input and messages.");
        var role = body["task"].OptionalChoice(JinaFormat.Tasks) ?? body["input_type"].OptionalChoice(RoleNames.InputTypes);
        var shared = RequestReader.Shared(body, role);
        return reader.Read(body, input.IsGiven ? OfInput(input, reader.MaxItems) : OfMessages(messages, reader.MaxItems), shared) with
        {
            Dimensions = reader.Dimensions(body["dimensions"]) ?? reader.Dimensions(body["output_dimension"]),
            Encodings = [RequestReader.Encoding(body["encoding_format"], body["embedding_type"])],
        };
    }

    /// <summary>A string, a conversation, or a list of strings, of Jina's items or of conversations.</summary>
    private static IEnumerable<(string Path, ItemBuilder Item)> OfInput(JsonField input, int most)
    {
        const string Expected = "a string, a list of strings, or a list of items such as {\"text\": …, \"image\": …}";
        switch (input.Kind)
        {
            case JsonValueKind.String: return [(input.Path, ItemBuilder.OfText(input))];
            case JsonValueKind.Object: return [(input.Path, JinaFormat.Item(input))];
            case not JsonValueKind.Array: throw input.Error(Expected);
        }
        if (IsTokens(input)) throw Tokens(input);
        if (Conversation.Is(input)) return [(input.Path, Conversation.Read(input))];
        return input.Elements(most, "items").Select(element => (element.Path, element.Kind switch
        {
            JsonValueKind.String => ItemBuilder.OfText(element),
            JsonValueKind.Object => JinaFormat.Item(element),
            JsonValueKind.Array when IsTokens(element) => throw Tokens(element),
            JsonValueKind.Array => Conversation.Read(element),
            _ => throw element.Error("a string or an item such as {\"text\": …, \"image\": …}"),
        }));
    }

    /// <summary>A conversation, or a list of them; each is one item.</summary>
    private static IEnumerable<(string Path, ItemBuilder Item)> OfMessages(JsonField messages, int most) =>
        messages.Kind == JsonValueKind.Array && messages.FirstKind == JsonValueKind.Array
            ? messages.Elements(most, "conversations").Select(conversation => (conversation.Path, Conversation.Read(conversation)))
            : [(messages.Path, Conversation.Read(messages))];

    private static bool IsTokens(JsonField list) => list.FirstKind == JsonValueKind.Number;

    private static ApiException Tokens(JsonField field) =>
        field.Invalid($"{field.Path} has token ids, expected text: ids depend on the model's tokenizer.", "token_ids_unsupported");
}
