using Microsoft.AspNetCore.Http;
using Rge.Server.Errors;

namespace Rge.Server.Requests;

/// <summary>
/// The parameters that the query of an endpoint may have. Any other is refused by name, as an unknown member of a body is: a misspelt one
/// would otherwise change nothing.
/// </summary>
/// <param name="names">Their names.</param>
internal sealed class QueryNames(IReadOnlyList<string> names)
{
    /// <summary>Refuses parameters that the endpoint of a request does not have.</summary>
    /// <exception cref="ApiException">There is one.</exception>
    public static void Require(HttpContext context) =>
        context.GetEndpoint()?.Metadata.GetMetadata<QueryNames>()?.Check(context.Request.Query);

    private void Check(IQueryCollection query)
    {
        foreach (var name in query.Keys)
        {
            if (names.Contains(name, StringComparer.OrdinalIgnoreCase)) continue;
            var shown = JsonField.Shorten(name);
            var expected = names.Count == 0 ? "none" : string.Join(" and ", names);
            throw ApiException.Invalid($"The query has a parameter '{shown}', expected {expected}.", shown, "unknown_parameter");
        }
    }
}
