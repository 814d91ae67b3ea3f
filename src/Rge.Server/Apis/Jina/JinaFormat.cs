using System.Collections.Frozen;
using Rge.Server.Endpoints;
using Rge.Server.Errors;
using Rge.Server.Requests;

namespace Rge.Server.Apis.Jina;

/// <summary>What Jina's format has of its own. Its clients send to OpenAI's endpoint and read OpenAI's answer.</summary>
internal static class JinaFormat
{
    /// <summary>An example of its items.</summary>
    public const string Example =
        $$$"""{"task": "retrieval.passage", "input": [{"text": "a red circle"}, {"image": "{{{ExampleImage.Base64}}}"}]}""";

    private static readonly RequestMembers ItemMembers = new("text", "image");

    /// <summary>Its <c>task</c>, which says the role.</summary>
    public static FrozenDictionary<string, ItemRole> Tasks { get; } = RoleNames.Table(
        ["retrieval.query", "code.query"], ["retrieval.passage", "code.passage", "text-matching", "classification", "separation"]);

    public static FieldReference TaskReference { get; } = new("task", Tasks.Keys, "Jina's way to say the role.");

    /// <summary>Reads an item: a text, an image, or both.</summary>
    /// <exception cref="ApiException">It cannot be understood.</exception>
    public static ItemBuilder Item(JsonField field)
    {
        ItemMembers.Check(field);
        return ItemBuilder.OfTextAndImage(field);
    }
}
