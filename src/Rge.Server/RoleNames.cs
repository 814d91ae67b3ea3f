using System.Collections.Frozen;

namespace Rge.Server;

/// <summary>The names that the shapes have for the two sides of a comparison.</summary>
internal static class RoleNames
{
    private const string Query = "query", Document = "document";

    /// <summary>Our own <c>role</c>.</summary>
    public static FrozenDictionary<string, ItemRole> Roles { get; } = Make([Query], [Document]);

    /// <summary>Cohere's and Voyage's <c>input_type</c>. What compares items of one kind with each other embeds them as documents.</summary>
    public static FrozenDictionary<string, ItemRole> InputTypes { get; } =
        Make([Query, "search_query"], [Document, "search_document", "classification", "clustering", "image"]);

    /// <summary>Jina's <c>task</c>.</summary>
    public static FrozenDictionary<string, ItemRole> Tasks { get; } =
        Make(["retrieval.query", "code.query"], ["retrieval.passage", "code.passage", "text-matching", "classification", "separation"]);

    /// <summary>The name of a role.</summary>
    public static string Of(ItemRole role) => role == ItemRole.Query ? Query : Document;

    private static FrozenDictionary<string, ItemRole> Make(IEnumerable<string> queries, IEnumerable<string> documents) =>
        queries.Select(name => KeyValuePair.Create(name, ItemRole.Query)).Concat(documents.Select(name => KeyValuePair.Create(name, ItemRole.Target)))
            .ToFrozenDictionary(StringComparer.Ordinal);
}
