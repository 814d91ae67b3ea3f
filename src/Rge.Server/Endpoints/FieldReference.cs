using Rge.Server.Requests;

namespace Rge.Server.Endpoints;

/// <summary>What the OpenAPI document says of a member of a request's body.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Choices">The strings it may be; null for anything else.</param>
/// <param name="Description">What it does, in Markdown.</param>
/// <param name="IsFlag">Whether it is true or false.</param>
/// <param name="IsNumber">Whether it is a whole number.</param>
internal sealed record FieldReference(
    string Name,
    IEnumerable<string>? Choices,
    string Description,
    bool IsFlag = false,
    bool IsNumber = false
)
{
    /// <summary>What every format has.</summary>
    public static FieldReference Model { get; } = new("model", null, "A name of the model; 404 for another's. May be left out.");

    /// <summary>What Cohere and Voyage have.</summary>
    public static FieldReference InputType { get; } =
        new("input_type", RoleNames.InputTypes.Keys, "Whether the items are queries or documents.");

    /// <summary>What every format has of ours.</summary>
    public static IReadOnlyList<FieldReference> Extensions { get; } =
    [
        new(
            "role",
            RoleNames.Roles.Keys,
            "Whether the items are what is searched with or what is searched for; a query unless something says otherwise."
        ),
        new("instruction", null, "What is to be done with the items, for example `Find an image that matches the modification:`."),
        new(
            "reasoning",
            RequestReader.Reasoning.Keys,
            "Whether a rationale is written first; queries do, documents do not, unless this says otherwise. With auto the model decides."
        ),
        new("max_rationale_tokens", null, "The longest rationale.", IsNumber: true),
        new("return_rationale", null, "Show each item's rationale in the answer.", IsFlag: true),
    ];

    /// <summary>Two forms of embeddings.</summary>
    public static FieldReference Encoding(string name) =>
        new(name, ["float", "base64"], "A list of numbers, or base64 of little-endian float32.");

    /// <summary>The length of embeddings.</summary>
    public static FieldReference Dimensions(string name) =>
        new(name, null, "Cut embeddings to their first so many dimensions, and scale them to length 1 again.", IsNumber: true);
}
