using System.ComponentModel;

namespace Rge.Server.Answers;

/// <summary>What a search has found.</summary>
internal sealed record SearchAnswered(
    [property: Description("The rationale that the query was embedded after; missing where there was no reasoning.")] string? Rationale,
    [property: Description("Best first.")] IReadOnlyList<HitAnswer> Hits,
    SearchTimes Timings,
    TokenUsage Usage);
