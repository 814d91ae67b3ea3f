using System.Numerics.Tensors;

namespace Rge.Evaluation.Mmeb;

/// <summary>The effect of another rationale on the embeddings of queries that wrote their own. Shares are 0 to 1.</summary>
public sealed record SubstituteEffect
{
    /// <summary>Queries that have both embeddings.</summary>
    public required int Rows { get; init; }

    /// <summary>Mean cosine between the embedding after the own rationale and that after the other: 1 where it changes nothing.</summary>
    public required double Cosine { get; init; }

    /// <summary>hit@1 of these queries after their own rationale.</summary>
    public required double HitAt1Own { get; init; }

    /// <summary>hit@1 of the same queries after the other.</summary>
    public required double HitAt1 { get; init; }

    /// <summary>Compares two rankings of a subset.</summary>
    /// <param name="own">After the rationales that were written.</param>
    /// <param name="other">After others.</param>
    /// <param name="isReplaced">Of each row, whether there was another rationale for it.</param>
    /// <returns><see langword="null"/> where no row has both.</returns>
    internal static SubstituteEffect? Compare(SubsetResults own, SubsetResults other, IReadOnlyList<bool> isReplaced)
    {
        int[] rows = [.. Enumerable.Range(0, own.Count).Where(row => isReplaced[row] && own[row] is not null && other[row] is not null)];
        return rows.Length == 0
            ? null
            : new SubstituteEffect
            {
                Rows = rows.Length,
                Cosine = rows.Average(row =>
                    (double)TensorPrimitives.CosineSimilarity(own.Queries[row].Embedding!.Vector, other.Queries[row].Embedding!.Vector)
                ),
                HitAt1Own = rows.Average(row => own[row]!.Rank == 1 ? 1.0 : 0.0),
                HitAt1 = rows.Average(row => other[row]!.Rank == 1 ? 1.0 : 0.0),
            };
    }
}
