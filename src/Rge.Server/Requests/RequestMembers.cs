using System.Collections.Frozen;
using System.Text.Json;
using Rge.Files;
using Rge.Server.Errors;

namespace Rge.Server.Requests;

/// <summary>
/// The members that an object in a request may have. Any other is refused by name: a misspelt member, or one that asks for something this
/// server does not do, would otherwise be ignored without notice. Immutable.
/// </summary>
internal sealed class RequestMembers
{
    private const string UnitLength = "embeddings always have length 1";
    private const string NothingTruncated = "nothing is truncated; what is too long is refused";

    /// <summary>Members that all formats have in common.</summary>
    private static readonly string[] Shared =
    [
        "model",
        "role",
        "instruction",
        "reasoning",
        "max_rationale_tokens",
        "return_rationale",
        "input_type",
        "min_pixels",
        "max_pixels",
        "mm_processor_kwargs",
    ];

    /// <summary>
    /// Members that clients send and that cannot change an embedding here: nothing is truncated, since what is too long is refused, and the
    /// prompt is the one that the checkpoint was trained with.
    /// </summary>
    private static readonly string[] NoEmbeddingChanged =
    [
        "user",
        "request_id",
        "priority",
        "cache_salt",
        "safety_identifier",
        "truncate",
        "truncation",
        "truncation_side",
        "add_special_tokens",
        "add_generation_prompt",
        "continue_final_message",
    ];

    /// <summary>
    /// Members that ask for what is done anyway when they have the value here, and otherwise for what is not done: name, the only value,
    /// what the error says.
    /// </summary>
    private static readonly FrozenDictionary<string, (Func<JsonElement, bool> IsDefault, string Problem)> Fixed = new (
        string Name,
        Func<JsonElement, bool> IsDefault,
        string Problem
    )[]
    {
        ("normalized", IsTrue, UnitLength),
        ("normalize", IsTrue, UnitLength),
        ("use_activation", IsTrue, UnitLength),
        ("late_chunking", IsFalse, "each item has one embedding of its own"),
        ("return_multivector", IsFalse, "each item has one embedding"),
        ("truncate_prompt_tokens", IsMinusOne, NothingTruncated),
        ("max_tokens", _ => false, NothingTruncated),
        ("embed_dtype", value => Is(value, "float32"), "use encoding_format for float or base64"),
        ("output_dtype", value => Is(value, "float"), "this endpoint has float alone, /v2/embed has other forms"),
        ("endianness", value => Is(value, "native", "little"), "base64 is of little-endian float32"),
        ("detail", value => Is(value, "auto", "high"), "images are always shown in full detail"),
        ("chat_template_kwargs", IsEmpty, "the prompt is the checkpoint's own"),
        ("media_io_kwargs", IsEmpty, "images are read and resized by the settings that the server was started with"),
    }.ToFrozenDictionary(member => member.Name, member => (member.IsDefault, member.Problem), StringComparer.Ordinal);

    private readonly FrozenSet<string> _names;
    private readonly FrozenSet<string> _withoutEffect;

    /// <summary>The members of an object.</summary>
    /// <param name="names">Their names.</param>
    public RequestMembers(params IEnumerable<string> names)
        : this(names, withoutEffect: []) { }

    /// <summary>The members of an object.</summary>
    /// <param name="names">Their names.</param>
    /// <param name="withoutEffect">Names of members that are accepted and not read.</param>
    public RequestMembers(IEnumerable<string> names, IEnumerable<string> withoutEffect) =>
        (_names, _withoutEffect) = (names.ToFrozenSet(StringComparer.Ordinal), withoutEffect.ToFrozenSet(StringComparer.Ordinal));

    /// <summary>The members of a request for embeddings: those of its format and those that all formats have.</summary>
    public static RequestMembers Embedding(params IEnumerable<string> names) => new([.. Shared, .. names], NoEmbeddingChanged);

    /// <summary>These and more.</summary>
    public RequestMembers With(params IEnumerable<string> names) => new([.. _names, .. names], _withoutEffect);

    /// <summary>Whether a member is read.</summary>
    public bool Has(string name) => _names.Contains(name);

    /// <summary>Refuses members that are not known here, and values that ask for what is not done.</summary>
    /// <exception cref="ApiException">There is such a member.</exception>
    public void Check(JsonField field)
    {
        foreach (var (name, value) in field.Object().Members())
        {
            if (Fixed.TryGetValue(name, out var only))
            {
                if (!value.IsMissing && !only.IsDefault(value.Value))
                    throw value.Invalid($"{value.Place} cannot be chosen here: {only.Problem}.", "unsupported_value");
            }
            else if (!_names.Contains(name) && !_withoutEffect.Contains(name))
            {
                var known = string.Join(", ", _names.Order(StringComparer.Ordinal));
                throw value.Invalid($"{value.Place} is not known here, expected one of {known}.", "unknown_member");
            }
        }
    }

    private static bool IsTrue(JsonElement value) => value.ValueKind == JsonValueKind.True;

    private static bool IsFalse(JsonElement value) => value.ValueKind == JsonValueKind.False;

    private static bool IsMinusOne(JsonElement value) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var most) && most == -1;

    private static bool IsEmpty(JsonElement value) => value.ValueKind == JsonValueKind.Object && value.GetPropertyCount() == 0;

    private static bool Is(JsonElement value, params ReadOnlySpan<string> names)
    {
        foreach (var name in names)
            if (value.ValueKind == JsonValueKind.String && value.ValueEquals(name))
                return true;
        return false;
    }
}
