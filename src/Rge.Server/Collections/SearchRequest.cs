using System.Text.Json;
using Rge.Search;
using Rge.Server.Errors;
using Rge.Server.Requests;

namespace Rge.Server.Collections;

/// <summary>A search in a collection.</summary>
/// <param name="Query">What is searched with.</param>
/// <param name="Top">How many hits at most.</param>
/// <param name="Filter">What may be found.</param>
/// <param name="MaxRationaleTokens">Longest rationale; null for the model's.</param>
/// <param name="Streams">Whether the rationale is sent as it is written.</param>
internal sealed record SearchRequest(RequestItem Query, int Top, SearchFilter Filter, int? MaxRationaleTokens, bool Streams)
{
    private const int MaxHits = 100, Hits = 10, MaxConditions = 64;

    public static RequestMembers Members { get; } = new(
        "text", "image", "instruction", "reasoning", "rationale", "max_rationale_tokens", "top_k", "where", "kind", "stream");

    /// <summary>Reads a search: a text, an image or both, with <c>rationale</c> where it is given instead of written.</summary>
    /// <exception cref="ApiException">The request cannot be understood, or exceeds a limit.</exception>
    public static SearchRequest Read(JsonField body, ServerLimits limits)
    {
        Members.Check(body);
        var item = ItemBuilder.OfTextAndImage(body);
        var shared = RequestReader.Shared(body, ItemRole.Query) with { Role = ItemRole.Query, Rationale = body["rationale"].OptionalText() };
        var query = item.Build(shared, "");
        var where = Conditions(body["where"]);
        return new SearchRequest(
            query, body["top_k"].OptionalInt(1, MaxHits) ?? Hits, SearchFilter.Parse(where, body["kind"].OptionalChoice(SearchNames.Kinds)),
            body["max_rationale_tokens"].OptionalInt(1, limits.MaxRationaleTokens), body["stream"].Flag());
    }

    private static IEnumerable<string> Conditions(JsonField where) => where switch
    {
        // A filter that was lost on the way would find everything.
        { Kind: JsonValueKind.Null } =>
            throw where.Invalid("where is null, expected a condition such as \"color=red\", or a list of them."),
        { IsGiven: false } => [],
        { Kind: JsonValueKind.String } => [where.Text()],
        _ => where.Elements(MaxConditions, "conditions").Select(condition => condition.Text()),
    };
}
