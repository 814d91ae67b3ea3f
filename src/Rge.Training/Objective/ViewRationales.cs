using Rge.Training.Batches;
using Rge.Training.Settings;

namespace Rge.Training.Objective;

/// <summary>The rationales, without <c>&lt;emb&gt;</c>, that the queries of a batch are embedded after.</summary>
/// <param name="queries">The queries.</param>
/// <param name="self">What the model wrote for each; null where nothing is embedded after it.</param>
/// <param name="sampled">What it sampled for each; null where nothing is embedded after it.</param>
/// <param name="fillerToken">The token that fillers consist of; null where nothing is embedded after them.</param>
internal sealed class ViewRationales(
    IReadOnlyList<EncodedQuery> queries,
    IReadOnlyList<int[]>? self,
    IReadOnlyList<int[][]>? sampled,
    int? fillerToken
)
{
    /// <summary>The rationale of a query for one of its embeddings.</summary>
    /// <exception cref="ArgumentNullException">It is of a kind that was not given.</exception>
    public int[] Of(QueryView view, int query) =>
        view.Source switch
        {
            RationaleSource.None => [],
            RationaleSource.Oracle => queries[query].Rationale is { Length: > 0 } written ? written[..^1] : [],
            RationaleSource.Sampled => (sampled ?? throw Missing(view.Source))[query][view.Number],
            RationaleSource.Shuffled => Other(query),
            RationaleSource.Filler => Filler(Self(query).Length),
            _ => Self(query),
        };

    private int[] Self(int query) => (self ?? throw Missing(RationaleSource.Self))[query];

    private int[] Filler(int length)
    {
        var filler = new int[length];
        Array.Fill(filler, fillerToken ?? throw Missing(RationaleSource.Filler));
        return filler;
    }

    /// <summary>
    /// The rationale of the next query, of the same dataset where one has another; its own where nothing else was written.
    /// </summary>
    private int[] Other(int query)
    {
        var own = Self(query);
        if (own.Length == 0)
            return own;
        var others = Enumerable
            .Range(1, queries.Count - 1)
            .Select(step => (query + step) % queries.Count)
            .Where(other => Self(other).Length > 0 && !Self(other).AsSpan().SequenceEqual(own))
            .ToArray();
        var same = Array.FindIndex(others, other => queries[other].Sample.Dataset == queries[query].Sample.Dataset);
        return others.Length == 0 ? own : Self(others[Math.Max(same, 0)]);
    }

    private static ArgumentNullException Missing(RationaleSource source) =>
        new(source.ToString(), "Queries are embedded after rationales that are not given.");
}
