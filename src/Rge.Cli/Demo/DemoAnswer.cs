using Rge.Data;

namespace Rge.Cli.Demo;

/// <summary>What a model made of a query.</summary>
/// <param name="Rationale">The rationale that it wrote; null for none.</param>
/// <param name="Ranking">The candidates, the most similar first.</param>
internal sealed record DemoAnswer(string? Rationale, IReadOnlyList<RankedCandidate> Ranking)
{
    /// <summary>Place of the right candidate, 1 for the first.</summary>
    public int Rank { get; } = 1 + Ranking.Index().First(ranked => ranked.Item.Index == 0).Index;

    /// <summary>The first few candidates.</summary>
    public IEnumerable<RankedCandidate> Top => Ranking.Take(3);

    /// <summary>Whether the rationale concludes what the oracle's does; null without both, and where the oracle's is empty.</summary>
    public bool? ConcludesRightly(DemoQuery query) => Rationales.ConcludesRightly(Rationale, query.Row.Rationale);
}
