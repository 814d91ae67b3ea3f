using System.ComponentModel;
using Rge.Search;
using Rge.Server.Answers;

namespace Rge.Server.Collections;

/// <summary>What a search has found.</summary>
internal sealed record SearchAnswered(
    [property: Description("The rationale that the query was embedded after; missing where there was no reasoning.")] string? Rationale,
    [property: Description("Best first.")] IReadOnlyList<HitAnswer> Hits,
    SearchTimes Timings,
    TokenUsage Usage
)
{
    /// <summary>Makes the answer.</summary>
    public static SearchAnswered From(SearchAnswer answer)
    {
        var (query, timings) = (answer.Query, answer.Timings);
        return new SearchAnswered(
            query.Rationale,
            [.. answer.Hits.Select(hit => new HitAnswer(hit.Score, ItemAnswer.From(hit.Record)))],
            new SearchTimes(timings.Reason.TotalMilliseconds, timings.Embed.TotalMilliseconds, timings.Search.TotalMilliseconds),
            TokenUsage.Create(query.PromptTokens, query.WrittenTokens)
        );
    }
}

/// <summary>A hit.</summary>
internal sealed record HitAnswer([property: Description("Cosine similarity to the query, -1 to 1.")] double Score, ItemAnswer Item);

/// <summary>Where the time of a search went.</summary>
internal sealed record SearchTimes(
    [property: Description("Milliseconds of writing the rationale.")] double ReasonMs,
    [property: Description("Milliseconds of everything else up to the embedding.")] double EmbedMs,
    [property: Description("Milliseconds of finding the nearest items.")] double SearchMs
);
