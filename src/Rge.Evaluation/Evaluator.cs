using System.Numerics.Tensors;
using Rge.Data;

namespace Rge.Evaluation;

/// <summary>
/// Evaluates an embedder as MMEB does: each query among the candidates of its own row, the right one first in the list; the prediction is
/// the candidate with the highest cosine, of equal ones that with the lowest index. Items that rows share are embedded once.
/// </summary>
/// <param name="embedder">The embedder; borrowed. Must not change while an evaluation runs.</param>
public sealed class Evaluator(ReasoningEmbedder embedder)
{
    /// <summary>Evaluates the embedder on datasets.</summary>
    /// <param name="datasets">The datasets.</param>
    /// <param name="queries">The rationale that queries are embedded with.</param>
    /// <param name="progress">Receives how many of all items have been embedded.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <exception cref="DatasetException">A row has no candidates.</exception>
    public async Task<EvaluationOutcome> RunAsync(
        IReadOnlyList<EvaluationDataset> datasets,
        QueryRationale queries = QueryRationale.Written,
        IProgress<EmbeddingProgress>? progress = null,
        CancellationToken cancellationToken = default
    )
    {
        ArgumentNullException.ThrowIfNull(datasets);
        var rows = datasets.SelectMany(dataset => dataset.Rows).ToArray();
        if (Array.Find(rows, row => row.Candidates.Count == 0) is { } empty)
            throw new DatasetException($"{empty.Source} has no candidates.");
        var candidates = new Dictionary<EmbeddingInput, int>(ReferenceEqualityComparer.Instance);
        foreach (var candidate in rows.SelectMany(row => row.Candidates))
            candidates.TryAdd(candidate, candidates.Count);

        EmbeddingInput[] items = [.. candidates.Keys, .. rows.Select(row => Query(row, queries))];
        var embedded = await embedder.EmbedAsync(items, new ReasoningEmbeddingOptions { Progress = progress }, cancellationToken);
        var written = new Queue<ReasoningEmbedding>(embedded[candidates.Count..]);
        return new EvaluationOutcome([
            .. datasets.Select(dataset => new DatasetOutcome(
                dataset.Name,
                dataset.Group,
                [.. dataset.Rows.Select(row => Score(row, written.Dequeue()))]
            )),
        ]);

        RowOutcome Score(EvaluationRow row, ReasoningEmbedding query)
        {
            float[] scores =
            [
                .. row.Candidates.Select(candidate => TensorPrimitives.Dot(query.Vector.Span, embedded[candidates[candidate]].Vector.Span)),
            ];
            var rationale = query.FinishReason == FinishReason.NotGenerated ? null : query.Rationale;
            return new RowOutcome
            {
                Predicted = TensorPrimitives.IndexOfMax<float>(scores),
                Rank = 1 + scores.Count(score => score > scores[0]),
                Rationale = query.Rationale,
                RationaleTokens = query.WrittenTokens,
                ConclusionIsRight = Rationales.ConcludesRightly(rationale, row.Rationale),
                RationaleIsRight = rationale is null || row.Rationale is null ? null : rationale.Trim() == row.Rationale.Trim(),
            };
        }
    }

    private static EmbeddingInput Query(EvaluationRow row, QueryRationale queries) =>
        queries switch
        {
            QueryRationale.Written => row.Query with { Reasoning = ReasoningMode.On },
            QueryRationale.Oracle when row.Rationale is not null => row.Query with { Rationale = row.Rationale },
            _ => row.Query with { Reasoning = ReasoningMode.Off },
        };
}
