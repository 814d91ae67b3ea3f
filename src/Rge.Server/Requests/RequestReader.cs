using System.Collections.Frozen;
using System.Text.Json;
using Rge.Search;
using Rge.Server.Answers;
using Rge.Server.Serving;

namespace Rge.Server.Requests;

/// <summary>The one place where the shapes of requests become items to embed. What a shape does not have is refused by name.</summary>
internal sealed class RequestReader(ServerLimits limits, ModelHost host)
{
    /// <summary>Parts of one item's content.</summary>
    private const int MaxParts = 1024;

    private const int MaxHits = 100, Hits = 10, MaxConditions = 64;

    private static readonly FrozenDictionary<string, ReasoningMode> Reasoning =
        FrozenDictionary.Create<string, ReasoningMode>(StringComparer.Ordinal, new("on", ReasoningMode.On), new("off", ReasoningMode.Off));

    /// <summary>OpenAI's shape with vLLM's <c>messages</c>, and Jina's: <c>POST /v1/embeddings</c>.</summary>
    /// <exception cref="ApiException">The request cannot be understood, or exceeds a limit.</exception>
    public EmbeddingRequest OpenAi(JsonField body) => InputOrMessages(body, RequestMembers.OpenAi);

    /// <summary>Cohere's shape: <c>POST /v2/embed</c>.</summary>
    /// <inheritdoc cref="OpenAi" path="/exception"/>
    public EmbeddingRequest Cohere(JsonField body)
    {
        RequestMembers.Cohere.Check(body);
        JsonField[] kinds = [body["texts"], body["images"], body["inputs"]];
        if (kinds.Count(kind => kind.IsGiven) != 1) throw ApiException.Invalid("Expected exactly one of texts, images and inputs.", param: null);
        var given = Array.Find(kinds, kind => kind.IsGiven);
        var items = given.Elements(limits.MaxItems, "items").Select(element => (element.Path, given.Path switch
        {
            "texts" => OfText(element),
            "images" => OfImage(element),
            _ => OfContent(element),
        }));
        var types = body["embedding_types"];
        return Request(body, items, Shared(body, body["input_type"].OptionalChoice(RoleNames.InputTypes))) with
        {
            Dimensions = Dimensions(body["output_dimension"]),
            Encodings = types.IsGiven
                ? [.. types.Elements(VectorEncodings.All.Count, "types").Select(type => type.OptionalChoice(VectorEncodings.All) ?? throw type.Error("a name")).Distinct()]
                : [VectorEncoding.Float],
        };
    }

    /// <summary>Voyage's shape: <c>POST /v1/multimodalembeddings</c>.</summary>
    /// <inheritdoc cref="OpenAi" path="/exception"/>
    public EmbeddingRequest Voyage(JsonField body)
    {
        RequestMembers.Voyage.Check(body);
        var items = body["inputs"].Elements(limits.MaxItems, "items").Select(element => (element.Path, OfContent(element)));
        return Request(body, items, Shared(body, body["input_type"].OptionalChoice(RoleNames.InputTypes))) with
        {
            Dimensions = Dimensions(body["output_dimension"]),
            Encodings = [Encoding(body["output_encoding"], body["encoding_format"])],
        };
    }

    /// <summary>One item, in OpenAI's shape, with <c>rationale</c> where it is given instead of written.</summary>
    /// <inheritdoc cref="OpenAi" path="/exception"/>
    public EmbeddingRequest Single(JsonField body)
    {
        var request = InputOrMessages(body, RequestMembers.Rationale);
        if (request.Items is not [var item]) throw ApiException.Invalid($"The request has {request.Items.Count} items, expected one.", "input", "too_many");
        return request with { Items = [item with { Input = item.Input with { Rationale = body["rationale"].OptionalText() } }] };
    }

    /// <summary>A search: an item in Jina's shape, with <c>rationale</c> where it is given instead of written.</summary>
    /// <inheritdoc cref="OpenAi" path="/exception"/>
    public SearchRequest Search(JsonField body)
    {
        RequestMembers.Search.Check(body);
        var query = OfTextAndImage(body).Build(Shared(body, ItemRole.Query) with { Role = ItemRole.Query, Rationale = body["rationale"].OptionalText() }, "");
        var where = body["where"] switch
        {
            // A filter that was lost on the way would find everything.
            { Kind: JsonValueKind.Null } lost =>
                throw lost.Invalid("where is null, expected a condition such as \"color=red\", or a list of them."),
            { IsGiven: false } => [],
            { Kind: JsonValueKind.String } one => [one.Text()],
            var list => list.Elements(MaxConditions, "conditions").Select(condition => condition.Text()),
        };
        return new SearchRequest(
            query, body["top_k"].OptionalInt(1, MaxHits) ?? Hits, SearchFilter.Parse(where, body["kind"].OptionalChoice(SearchNames.Kinds)), body["max_rationale_tokens"].OptionalInt(1, limits.MaxRationaleTokens));
    }

    /// <summary>A collection to make.</summary>
    /// <inheritdoc cref="OpenAi" path="/exception"/>
    public CollectionRequest Collection(JsonField body)
    {
        RequestMembers.Collection.Check(body);
        return new CollectionRequest(
            body["name"].Text(), Dimensions(body["dimensions"]), body["instruction"].OptionalText(), body["index"].OptionalChoice(SearchNames.Indexes) ?? CollectionIndex.Exact);
    }

    /// <summary>Items to put into a collection, and their images, which may still have to be fetched.</summary>
    /// <inheritdoc cref="OpenAi" path="/exception"/>
    public ItemsRequest Items(JsonField body)
    {
        RequestMembers.Items.Check(body);
        var request = ItemsRequest.Read(body["items"].Elements(limits.MaxItems, "items"), RecordReader.Read, body["on_error"].OptionalChoice(OnErrorNames.All) ?? OnErrorNames.All[OnErrorNames.Default]);
        var images = request.Items.Sum(item => item.Images.Count);
        if (images > limits.MaxImages) throw ApiException.Invalid($"The request has {images} images, expected at most {limits.MaxImages}.", "items", "too_many");
        return request;
    }

    private EmbeddingRequest InputOrMessages(JsonField body, RequestMembers members)
    {
        members.Check(body);
        var (input, messages) = (body["input"], body["messages"]);
        if (input.IsGiven == messages.IsGiven) throw (input.IsGiven ? messages : input).Invalid("Expected exactly one of input and messages.");
        var shared = Shared(body, body["task"].OptionalChoice(RoleNames.Tasks) ?? body["input_type"].OptionalChoice(RoleNames.InputTypes));
        return Request(body, input.IsGiven ? OfInput(input) : OfConversations(messages), shared) with
        {
            Dimensions = Dimensions(body["dimensions"]) ?? Dimensions(body["output_dimension"]),
            Encodings = [Encoding(body["encoding_format"], body["embedding_type"])],
        };
    }

    /// <summary>What the request says of all its items.</summary>
    private static EmbeddingInput Shared(JsonField body, ItemRole? implied) => new()
    {
        Role = body["role"].OptionalChoice(RoleNames.Roles) ?? implied ?? ItemRole.Query,
        Instruction = body["instruction"].OptionalText(),
        Reasoning = body["reasoning"].OptionalChoice(Reasoning),
    };

    private EmbeddingRequest Request(JsonField body, IEnumerable<(string Path, ItemBuilder Builder)> builders, EmbeddingInput shared)
    {
        if (body["model"].OptionalText() is { } name) host.Model.Require(name);
        CheckPixels(body);
        if (body["mm_processor_kwargs"] is { IsGiven: true } options)
        {
            RequestMembers.Pixels.Check(options);
            CheckPixels(options);
        }
        RequestItem[] items = [.. builders.Select(item => item.Builder.Build(shared, item.Path))];
        var images = items.Sum(item => item.Images.Count);
        if (images > limits.MaxImages) throw ApiException.Invalid($"The request has {images} images, expected at most {limits.MaxImages}.", param: null, "too_many");
        return new EmbeddingRequest(items)
        {
            MaxRationaleTokens = body["max_rationale_tokens"].OptionalInt(1, limits.MaxRationaleTokens),
            ReturnRationale = body["return_rationale"].Flag(),
        };
    }

    /// <summary>The area that images are resized to is the server's; a request may say what it is, but not that it is another.</summary>
    private void CheckPixels(JsonField options)
    {
        var config = host.Model.Embedder.Processor.Images.Config;
        foreach (var (name, own) in (ReadOnlySpan<(string, int)>)[("min_pixels", config.MinPixels), ("max_pixels", config.MaxPixels)])
        {
            var field = options[name];
            if (field.OptionalInt(1, int.MaxValue) is { } asked && asked != own)
                throw field.Invalid($"{field.Path} is {asked}, but this server resizes images to {name} {own}; that is chosen when it is started.", "unsupported_value");
        }
    }

    private int? Dimensions(JsonField field) => field.OptionalInt(1, host.Model.Dimensions);

    private static VectorEncoding Encoding(params ReadOnlySpan<JsonField> fields)
    {
        foreach (var field in fields)
            if (field.OptionalChoice(VectorEncodings.FloatOrBase64) is { } encoding) return encoding;
        return VectorEncoding.Float;
    }

    /// <summary>A string, a conversation, or a list of strings, of Jina's items or of conversations.</summary>
    private IEnumerable<(string Path, ItemBuilder Builder)> OfInput(JsonField input)
    {
        const string Expected = "a string, a list of strings, or a list of items such as {\"text\": …, \"image\": …}";
        switch (input.Kind)
        {
            case JsonValueKind.String: return [(input.Path, OfText(input))];
            case JsonValueKind.Object: return [(input.Path, OfItem(input))];
            case not JsonValueKind.Array: throw input.Error(Expected);
        }
        if (IsTokens(input)) throw Tokens(input);
        if (IsConversation(input)) return [(input.Path, OfConversation(input))];
        return input.Elements(limits.MaxItems, "items").Select(element => (element.Path, element.Kind switch
        {
            JsonValueKind.String => OfText(element),
            JsonValueKind.Object => OfItem(element),
            JsonValueKind.Array when IsTokens(element) => throw Tokens(element),
            JsonValueKind.Array => OfConversation(element),
            _ => throw element.Error("a string or an item such as {\"text\": …, \"image\": …}"),
        }));
    }

    /// <summary>A conversation, or a list of them; each is one item.</summary>
    private IEnumerable<(string Path, ItemBuilder Builder)> OfConversations(JsonField messages) =>
        messages.Kind == JsonValueKind.Array && First(messages) == JsonValueKind.Array
            ? messages.Elements(limits.MaxItems, "conversations").Select(conversation => (conversation.Path, OfConversation(conversation)))
            : [(messages.Path, OfConversation(messages))];

    private static ItemBuilder OfConversation(JsonField messages)
    {
        var item = new ItemBuilder();
        foreach (var message in messages.Elements(MaxParts, "messages"))
        {
            RequestMembers.Message.Check(message);
            var (role, content) = (message["role"], message["content"]);
            switch (role.OptionalText())
            {
                case "user":
                    item.AddContent(content, MaxParts);
                    break;
                case "system" or "developer":
                    item.AddInstruction(SystemText(content));
                    break;
                // The turn that the model is to begin, which chat clients send along; the prompt has it anyway.
                case "assistant" when SaysNothing(content):
                    break;
                case "assistant":
                    throw content.Invalid($"{content.Path} says something for the assistant, expected the user's messages alone, or an empty turn of the assistant.");
                default:
                    throw role.Error("\"user\" for what is embedded or \"system\" for the instruction");
            }
        }
        return item;
    }

    private static bool SaysNothing(JsonField content) => content.Kind switch
    {
        JsonValueKind.String => content.Text().Length == 0,
        JsonValueKind.Array => content.Value.GetArrayLength() == 0
            || content.Elements(MaxParts, "parts").All(part => part["type"] is { Kind: JsonValueKind.String } type && type.Text() == "text" && part["text"] is { Kind: JsonValueKind.String } text && text.Text().Length == 0),
        _ => !content.IsGiven,
    };

    private static string SystemText(JsonField content) => content.Kind == JsonValueKind.String
        ? content.Text()
        : string.Join(' ', content.Elements(MaxParts, "parts").Select(part => part["text"].Text()));

    /// <summary>Jina's item: a text, an image, or both.</summary>
    private static ItemBuilder OfItem(JsonField field)
    {
        RequestMembers.Item.Check(field);
        return OfTextAndImage(field);
    }

    private static ItemBuilder OfTextAndImage(JsonField field)
    {
        var (text, image, item) = (field["text"], field["image"], new ItemBuilder());
        if (!text.IsGiven && !image.IsGiven) throw field.Invalid($"{field.Path} has neither text nor image.");
        if (image.IsGiven) item.AddImage(image);
        if (text.IsGiven) item.AddText(text);
        return item;
    }

    private static ItemBuilder OfText(JsonField field)
    {
        var item = new ItemBuilder();
        item.AddText(field);
        return item;
    }

    private static ItemBuilder OfImage(JsonField field)
    {
        var item = new ItemBuilder();
        item.AddImage(field);
        return item;
    }

    /// <summary>Cohere's and Voyage's item: a list of parts.</summary>
    private static ItemBuilder OfContent(JsonField field)
    {
        RequestMembers.Content.Check(field);
        var item = new ItemBuilder();
        item.AddContent(field["content"], MaxParts);
        return item;
    }

    private static ApiException Tokens(JsonField field) =>
        field.Invalid($"{field.Path} has token ids, expected text: ids depend on the model's tokenizer.", "token_ids_unsupported");

    private static bool IsTokens(JsonField list) => First(list) == JsonValueKind.Number;

    private static bool IsConversation(JsonField list) => First(list) == JsonValueKind.Object && list.Value[0].TryGetProperty("role", out _);

    /// <summary>What the first element of a list is; undefined for an empty one.</summary>
    private static JsonValueKind First(JsonField list) => list.Value.GetArrayLength() > 0 ? list.Value[0].ValueKind : JsonValueKind.Undefined;
}
