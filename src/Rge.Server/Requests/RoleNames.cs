using System.Collections.Frozen;

namespace Rge.Server.Requests;

/// <summary>The names that requests have for the two sides of a comparison.</summary>
internal static class RoleNames
{
    private const string Query = "query",
        Document = "document";

    /// <summary>Our own <c>role</c>.</summary>
    public static FrozenDictionary<string, ItemRole> Roles { get; } = Table([Query], [Document]);

    /// <summary>
    /// Cohere's and Voyage's <c>input_type</c>. What compares items of one kind with each other embeds them as documents.
    /// </summary>
    public static FrozenDictionary<string, ItemRole> InputTypes { get; } =
        Table([Query, "search_query"], [Document, "search_document", "classification", "clustering", "image"]);

    /// <summary>The name of a role.</summary>
    public static string NameOf(ItemRole role) => role == ItemRole.Query ? Query : Document;

    /// <summary>A table of names.</summary>
    /// <param name="queries">Names for what is searched with.</param>
    /// <param name="documents">Names for what is searched for.</param>
    public static FrozenDictionary<string, ItemRole> Table(IEnumerable<string> queries, IEnumerable<string> documents) =>
        queries
            .Select(name => KeyValuePair.Create(name, ItemRole.Query))
            .Concat(documents.Select(name => KeyValuePair.Create(name, ItemRole.Target)))
            .ToFrozenDictionary(StringComparer.Ordinal);
}
