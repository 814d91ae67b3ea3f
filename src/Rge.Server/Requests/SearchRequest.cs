using Rge.Search;

namespace Rge.Server.Requests;

/// <summary>A search in a collection.</summary>
/// <param name="Query">What is searched with.</param>
/// <param name="Top">How many hits at most.</param>
/// <param name="Filter">What may be found.</param>
/// <param name="MaxRationaleTokens">Longest rationale; null for the model's.</param>
internal sealed record SearchRequest(RequestItem Query, int Top, SearchFilter Filter, int? MaxRationaleTokens);
