using System.Collections.Frozen;
using System.Text.Json;

namespace Rge.Server.Requests;

/// <summary>
/// The members that an object in a request may have. Any other is refused by name: a misspelt member, or one that asks for something this
/// server does not do, would otherwise change nothing and nobody would know.
/// </summary>
internal sealed class RequestMembers
{
    /// <summary>Members that all shapes have in common.</summary>
    private static readonly string[] Shared =
        ["model", "role", "instruction", "reasoning", "max_rationale_tokens", "return_rationale", "input_type", "min_pixels", "max_pixels", "mm_processor_kwargs"];

    /// <summary>
    /// Members that clients send and that cannot change an embedding here: nothing is truncated, since what is too long is refused, and the
    /// prompt is the one that the checkpoint was trained with.
    /// </summary>
    private static readonly string[] WithoutEffect =
    [
        "user", "request_id", "priority", "cache_salt", "safety_identifier", "truncate", "truncation", "truncation_side", "add_special_tokens", "add_generation_prompt",
        "continue_final_message",
    ];

    private readonly FrozenSet<string> _names;
    private readonly FrozenSet<string> _withoutEffect;

    private RequestMembers(IEnumerable<string> names, IEnumerable<string> withoutEffect) =>
        (_names, _withoutEffect) = (names.ToFrozenSet(StringComparer.Ordinal), withoutEffect.ToFrozenSet(StringComparer.Ordinal));

    /// <summary>OpenAI's shape, with vLLM's, Jina's and Voyage's members.</summary>
    public static RequestMembers OpenAi { get; } = new(
        [.. Shared, "input", "messages", "task", "encoding_format", "embedding_type", "dimensions", "output_dimension"], WithoutEffect);

    /// <summary><see cref="OpenAi"/>'s, of one item.</summary>
    public static RequestMembers Rationale { get; } = new([.. OpenAi._names, "rationale", "stream"], WithoutEffect);

    /// <summary>Cohere's shape.</summary>
    public static RequestMembers Cohere { get; } = new([.. Shared, "texts", "images", "inputs", "embedding_types", "output_dimension"], WithoutEffect);

    /// <summary>Voyage's shape.</summary>
    public static RequestMembers Voyage { get; } = new([.. Shared, "inputs", "output_encoding", "encoding_format", "output_dimension"], WithoutEffect);

    /// <summary>A search.</summary>
    public static RequestMembers Search { get; } =
        new(["text", "image", "instruction", "reasoning", "rationale", "max_rationale_tokens", "top_k", "where", "kind", "stream"], []);

    /// <summary>A collection to make.</summary>
    public static RequestMembers Collection { get; } = new(["name", "instruction", "dimensions", "index"], []);

    /// <summary>Items to put into a collection.</summary>
    public static RequestMembers Items { get; } = new(["items", "on_error"], []);

    /// <summary>An item of a collection.</summary>
    public static RequestMembers Record { get; } = new(["key", "text", "image", "images", "metadata"], []);

    /// <summary>Jina's item.</summary>
    public static RequestMembers Item { get; } = new(["text", "image"], []);

    /// <summary>Cohere's and Voyage's item.</summary>
    public static RequestMembers Content { get; } = new(["content"], []);

    /// <summary>vLLM's options for images.</summary>
    public static RequestMembers Pixels { get; } = new(["min_pixels", "max_pixels"], []);

    /// <summary>A message of a conversation.</summary>
    public static RequestMembers Message { get; } = new(["role", "content"], ["name"]);

    /// <summary>A part of a message or of an item's content.</summary>
    public static RequestMembers Part { get; } = new(["type", "text", "image_url", "image_base64"], ["uuid"]);

    /// <summary>The image of a part.</summary>
    public static RequestMembers ImageUrl { get; } = new(["url", "detail"], []);

    /// <summary>
    /// Members that ask for what is done anyway when they have the value here, and otherwise for what is not done: name, the only value,
    /// what the error says.
    /// </summary>
    private static readonly FrozenDictionary<string, (Func<JsonElement, bool> IsDefault, string Problem)> Fixed = new (string Name, Func<JsonElement, bool> IsDefault, string Problem)[]
    {
        ("normalized", IsTrue, "embeddings always have length 1"),
        ("normalize", IsTrue, "embeddings always have length 1"),
        ("use_activation", IsTrue, "embeddings always have length 1"),
        ("late_chunking", IsFalse, "each item has one embedding of its own"),
        ("return_multivector", IsFalse, "each item has one embedding"),
        ("truncate_prompt_tokens", value => value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var most) && most == -1, "nothing is truncated; what is too long is refused"),
        ("max_tokens", _ => false, "nothing is truncated; what is too long is refused"),
        ("embed_dtype", value => Is(value, "float32"), "use encoding_format for float or base64"),
        ("output_dtype", value => Is(value, "float"), "this endpoint has float alone, /v2/embed has other forms"),
        ("endianness", value => Is(value, "native", "little"), "base64 is of little-endian float32"),
        ("detail", value => Is(value, "auto", "high"), "images are always shown in full detail"),
        ("chat_template_kwargs", IsEmpty, "the prompt is the checkpoint's own"),
        ("media_io_kwargs", IsEmpty, "images are read and sized as the server was told to when it was started"),
    }.ToFrozenDictionary(member => member.Name, member => (member.IsDefault, member.Problem), StringComparer.Ordinal);

    /// <summary>Refuses members that are not known here, and values that ask for what is not done.</summary>
    /// <exception cref="ApiException">There is such a member.</exception>
    public void Check(JsonField field)
    {
        foreach (var (name, value) in field.Members())
        {
            if (Fixed.TryGetValue(name, out var only))
            {
                if (value.IsGiven && !only.IsDefault(value.Value)) throw value.Invalid($"{value.Path} cannot be chosen here: {only.Problem}.", "unsupported_value");
            }
            else if (!_names.Contains(name) && !_withoutEffect.Contains(name))
            {
                throw value.Invalid($"{value.Path} is not known here, expected one of {string.Join(", ", _names.Order(StringComparer.Ordinal))}.", "unknown_member");
            }
        }
    }

    private static bool IsTrue(JsonElement value) => value.ValueKind == JsonValueKind.True;

    private static bool IsFalse(JsonElement value) => value.ValueKind == JsonValueKind.False;

    private static bool IsEmpty(JsonElement value) => value.ValueKind == JsonValueKind.Object && value.GetPropertyCount() == 0;

    private static bool Is(JsonElement value, params ReadOnlySpan<string> names)
    {
        foreach (var name in names)
            if (value.ValueKind == JsonValueKind.String && value.ValueEquals(name)) return true;
        return false;
    }
}
