using System.Numerics.Tensors;

namespace Rge.Evaluation.Mmeb;

/// <summary>The ranking of a row.</summary>
/// <param name="Candidates">Indices of the row's candidates that could be used, ascending; the right one, 0, is among them.</param>
/// <param name="Scores">The cosine of each.</param>
internal sealed record RowResult(int[] Candidates, float[] Scores)
{
    /// <summary>
    /// Rank of the right candidate, from 1; of equal scores the lowest index is first, which is the right one's.
    /// </summary>
    public int Rank { get; } = 1 + Scores.Count(score => score > Scores[0]);

    /// <summary>The candidate with the highest score, of equal ones that with the lowest index.</summary>
    public int Predicted => Candidates[TensorPrimitives.IndexOfMax<float>(Scores)];

    /// <summary>The first candidates with their scores, best first; of equal ones the lowest index is first.</summary>
    public IEnumerable<(int Candidate, float Score)> Top(int count) =>
        Candidates.Zip(Scores).OrderByDescending(pair => pair.Second).Take(count);
}
