using Rge.Search;
using Rge.Server.Requests;

namespace Rge.Server.Reference;

/// <summary>What the reference says of an endpoint.</summary>
/// <param name="Tag">The group it is shown in.</param>
/// <param name="Summary">Its title.</param>
/// <param name="Description">More about it, in Markdown.</param>
internal sealed record EndpointReference(string Tag, string Summary, string Description)
{
    private const string Collections = "Collections";

    /// <summary>Members of the request's body.</summary>
    public IReadOnlyList<FieldReference> Fields { get; init; } = [];

    /// <summary>Parameters of the query, any other of which is refused; <see langword="null"/> where nobody looks at the query.</summary>
    public IReadOnlyList<string>? Query { get; init; } = [];

    /// <summary>Whole bodies that can be sent as they are, by title.</summary>
    public IReadOnlyDictionary<string, string> Examples { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    public static EndpointReference OpenAi { get; } = new("Embeddings", "Embeddings, as OpenAI, vLLM and Jina have them", """
        Each text, item or conversation becomes one embedding of length 1. A query is embedded after a short rationale that the model writes
        first, a document straight away; say which by `role` or Jina's `task`.

        Nothing is truncated: what is too long is refused. Token ids are refused, since they depend on the tokenizer.
        """)
    {
        Fields =
        [
            FieldReference.Model,
            new("input", null, "A text, a list of texts, or a list of Jina's items `{\"text\": …, \"image\": …}` with either or both; `image` is a data URI or base64. A text that is a data URI of an image is that image. A conversation or a list of them is taken too."),
            new("messages", null, "Instead of `input`: a conversation, which becomes one embedding, or a list of conversations. The user's messages have texts and `image_url` parts, a system message is the instruction."),
            new("task", RoleNames.Tasks.Keys, "Jina's way to say the role."),
            new("encoding_format", ["float", "base64"], "A list of numbers, or base64 of little-endian float32."),
            FieldReference.Dimensions("dimensions"),
            .. FieldReference.Extensions,
        ],
        Examples = RequestExamples.OpenAi,
    };

    public static EndpointReference Cohere { get; } = new("Embeddings", "Embeddings, as Cohere has them", """
        Exactly one of `texts`, `images` and `inputs` is given. Embeddings are sent in every form asked for: numbers of the whole-number forms
        are scaled by the largest component of each vector, binary forms have the signs, the first component in the highest bit.
        """)
    {
        Fields =
        [
            FieldReference.Model,
            new("texts", null, "Texts, each an item."),
            new("images", null, "Images as data URIs, each an item."),
            new("inputs", null, "Items of a `content` of `text` and `image_url` parts."),
            new("input_type", RoleNames.InputTypes.Keys, "Whether the items are queries or documents."),
            new("embedding_types", null, "The forms: any of float, base64, int8, uint8, binary, ubinary."),
            FieldReference.Dimensions("output_dimension"),
            .. FieldReference.Extensions,
        ],
        Examples = RequestExamples.Cohere,
    };

    public static EndpointReference Voyage { get; } = new("Embeddings", "Embeddings, as Voyage has them", "Items of interleaved texts and images, each one embedding.")
    {
        Fields =
        [
            FieldReference.Model,
            new("inputs", null, "Items of a `content` of `text`, `image_url` and `image_base64` parts."),
            new("input_type", RoleNames.InputTypes.Keys, "Whether the items are queries or documents."),
            new("output_encoding", ["float", "base64"], "A list of numbers, or base64 of little-endian float32."),
            FieldReference.Dimensions("output_dimension"),
            .. FieldReference.Extensions,
        ],
        Examples = RequestExamples.Voyage,
    };

    public static EndpointReference Rationales { get; } = new("Rationales", "A rationale as it is written, and the embedding after it", """
        One item, in OpenAI's shape. With `stream` the answer comes as Server-Sent Events: `rationale` with a piece of text each, then
        `embedding` with what is answered without `stream`; `error` where something goes wrong on the way.
        """)
    {
        Fields =
        [
            FieldReference.Model,
            new("input", null, "A text, or one item as for `/v1/embeddings`."),
            new("messages", null, "Instead of `input`: a conversation."),
            new("stream", null, "Send the rationale as it is written.", IsFlag: true),
            new("rationale", null, "A rationale to read instead of writing one: what somebody has edited."),
            FieldReference.Dimensions("dimensions"),
            .. FieldReference.Extensions,
        ],
        Examples = RequestExamples.Rationales,
    };

    public static EndpointReference ListCollections { get; } = new(Collections, "All collections", "Those that were made with another model can be neither searched nor filled here: `usable` is false.");

    public static EndpointReference CreateCollection { get; } = new(Collections, "Make a collection", "One that is there already is answered as it is; 409 where it was made with something else.")
    {
        Fields =
        [
            new("name", null, "1 to 40 lower-case letters, digits, `-` and `_`, a letter first."),
            new("instruction", null, "What the model is told to do with each item."),
            FieldReference.Dimensions("dimensions"),
            new("index", SearchNames.Indexes.Keys, "How PostgreSQL searches; exact unless given."),
        ],
        Examples = RequestExamples.CreateCollection,
    };

    public static EndpointReference CreateSample { get; } = new(Collections, "Make the sample collection", "Drawn scenes to try a search with, in the collection `sample`; made again, nothing changes.");

    public static EndpointReference SampleExamples { get; } = new(Collections, "Queries for the sample collection", "Each has its answer there, among pictures that are nearly right.");

    public static EndpointReference GetCollection { get; } = new(Collections, "A collection", "404 where there is none of the name.");

    public static EndpointReference DeleteCollection { get; } = new(Collections, "Delete a collection", "With all its items. Requests that are at it meanwhile fail.");

    public static EndpointReference SearchCollection { get; } = new(Collections, "Search a collection", """
        A text, a picture or both. With `stream` the answer comes as Server-Sent Events: `rationale` with a piece of text each, then `answer` with
        what is answered without `stream`; `error` where something goes wrong on the way.
        """)
    {
        Fields =
        [
            new("text", null, "What is looked for, in words."),
            new("image", null, "A picture as a data URI, base64, or a URL where the server allows its host."),
            new("instruction", null, "What is to be done with text and picture, for example `Find an image that matches the modification:`."),
            new("reasoning", ["on", "off"], "Whether a rationale is written first; on unless given."),
            new("rationale", null, "A rationale to read instead of writing one: what somebody has edited."),
            new("max_rationale_tokens", null, "The longest rationale.", IsNumber: true),
            new("top_k", null, "How many hits, 1 to 100; 10 unless given.", IsNumber: true),
            new("where", null, "Which items may be found, by metadata: `KEY=VALUE`, `KEY!=VALUE`, or a comparison such as `KEY>=VALUE`, one or a list. Values of one key are alternatives."),
            new("kind", SearchNames.Kinds.Keys, "Only items of this kind."),
            new("stream", null, "Send the rationale as it is written.", IsFlag: true),
        ],
        Examples = RequestExamples.Search,
    };

    public static EndpointReference AddItems { get; } = new(Collections, "Put items into a collection", """
        Each item is a text, an image or both. Its id is the hash of key, text, images and metadata: what is there already stays as it is, and an item with the key of an
        earlier one takes its place. When this is answered, the items that have an id in the answer are stored; `failed` lists the others by their place in the request.
        Images can also be sent as the files of a form (`multipart/form-data`), with the fields `metadata` (JSON; once for all files, or once for each) and `on_error`.
        """)
    {
        Fields =
        [
            new("items", null, "Items `{\"key\": …, \"text\": …, \"image\": …, \"metadata\": {\"color\": [\"red\"], \"year\": 2020}}`, each with a text, an `image` or several `images`, or both."),
            new("on_error", OnErrorNames.All.Keys, "What becomes of the request when an item cannot be indexed: `skip`, the item is listed in `failed`; `fail`, the answer is an error that names it. What was good is stored either way, unless an item cannot even be read. `skip` unless given."),
        ],
        Examples = RequestExamples.AddItems,
    };

    public static EndpointReference ListItems { get; } = new(Collections, "A page of a collection's items", "By id, `skip` of them passed over and `take` of them answered.") { Query = ["skip", "take"] };

    public static EndpointReference GetItem { get; } = new(Collections, "An item", "404 where there is none of the id.");

    public static EndpointReference GetThumbnail { get; } = new(Collections, "An item's picture, made small", "A JPEG of at most 320 pixels on either side.");

    public static EndpointReference DeleteItem { get; } = new(Collections, "Delete an item", "An indexer whose folder still has it puts it back.");

    public static EndpointReference Models { get; } = new("Models", "The model, by all its names", "What requests may name in `model`.");

    public static EndpointReference Model { get; } = new("Models", "The model by a name", "404 for names of other models.");

    public static EndpointReference Live { get; } = new("Health", "Whether the process is there", "200 as long as it answers.") { Query = null };

    public static EndpointReference Ready { get; } = new("Health", "Whether requests are taken", "503 while the model is loaded, while the store of collections does not answer, and after shutdown has begun; `status` says which.") { Query = null };
}
