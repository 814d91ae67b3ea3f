using System.Numerics.Tensors;
using Rge.Data;
using Rge.Files;

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
    /// <param name="queries">The rationale that queries are embedded with, or what is embedded in their place.</param>
    /// <param name="progress">Receives how many of all items have been embedded.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <exception cref="DatasetException">A row has no candidates, or rationales are to be exchanged in a dataset of one row.</exception>
    /// <exception cref="EvaluationException">The model's tokenizer has no filler.</exception>
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
        foreach (var dataset in datasets)
            QuerySubstitutes.Require(queries, dataset);
        var candidates = new Dictionary<EmbeddingInput, int>(ReferenceEqualityComparer.Instance);
        foreach (var candidate in rows.SelectMany(row => row.Candidates))
            candidates.TryAdd(candidate, candidates.Count);

        EmbeddingInput[] items = [.. candidates.Keys, .. rows.Select(row => Query(row, queries))];
        var again = QuerySubstitutes.Replace(queries) ? rows.Length : 0;
        var embedded = await EmbedAsync(items, progress, before: 0, items.Length + again, cancellationToken);
        var written = embedded[candidates.Count..];
        var compared = again == 0 ? written : await SubstituteAsync(datasets, queries, written, progress, items.Length, cancellationToken);
        var results = new Queue<(ReasoningEmbedding Compared, ReasoningEmbedding Written)>(compared.Zip(written));
        return new EvaluationOutcome([
            .. datasets.Select(dataset => new DatasetOutcome(
                dataset.Name,
                dataset.Group,
                [.. dataset.Rows.Select(row => Score(row, results.Dequeue()))]
            )),
        ]);

        RowOutcome Score(EvaluationRow row, (ReasoningEmbedding Compared, ReasoningEmbedding Written) query)
        {
            var (vector, own) = (query.Compared.Vector, query.Written);
            float[] scores =
            [
                .. row.Candidates.Select(candidate => TensorPrimitives.Dot(vector.Span, embedded[candidates[candidate]].Vector.Span)),
            ];
            var rationale = own.FinishReason == FinishReason.NotGenerated ? null : own.Rationale;
            return new RowOutcome
            {
                Predicted = TensorPrimitives.IndexOfMax<float>(scores),
                Rank = 1 + scores.Count(score => score > scores[0]),
                Rationale = own.Rationale,
                RationaleTokens = own.WrittenTokens,
                DirectProbability = own.DirectProbability,
                ConclusionIsRight = Rationales.ConcludesRightly(rationale, row.Rationale),
                RationaleIsRight = rationale is null || row.Rationale is null ? null : rationale.Trim() == row.Rationale.Trim(),
            };
        }
    }

    /// <summary>The embeddings of what is put in the place of queries, each in the place of the query's own.</summary>
    private async Task<ReasoningEmbedding[]> SubstituteAsync(
        IReadOnlyList<EvaluationDataset> datasets,
        QueryRationale queries,
        ReasoningEmbedding[] written,
        IProgress<EmbeddingProgress>? progress,
        int before,
        CancellationToken cancellationToken
    )
    {
        var (substitutes, first) = (new List<EmbeddingInput?>(written.Length), 0);
        foreach (var dataset in datasets)
        {
            var own = written[first..(first += dataset.Rows.Count)].Select(embedding => embedding.Rationale);
            substitutes.AddRange(QuerySubstitutes.For(queries, dataset, own, embedder.Processor.Tokenizer));
        }
        EmbeddingInput[] items = [.. substitutes.OfType<EmbeddingInput>()];
        var kept = written.Length - items.Length;
        progress?.Report(new EmbeddingProgress(before + kept, before + written.Length, 0));
        var embedded = new Queue<ReasoningEmbedding>(
            await EmbedAsync(items, progress, before + kept, before + written.Length, cancellationToken)
        );
        return [.. substitutes.Zip(written, (substitute, own) => substitute is null ? own : embedded.Dequeue())];
    }

    /// <summary>Embeds a part of the items of an evaluation.</summary>
    private Task<ReasoningEmbedding[]> EmbedAsync(
        EmbeddingInput[] items,
        IProgress<EmbeddingProgress>? progress,
        int before,
        int total,
        CancellationToken cancellationToken
    )
    {
        var whole = progress is null
            ? null
            : new Relay<EmbeddingProgress>(part => progress.Report(part with { Completed = before + part.Completed, Total = total }));
        return embedder.EmbedAsync(items, new ReasoningEmbeddingOptions { Progress = whole }, cancellationToken);
    }

    private static EmbeddingInput Query(EvaluationRow row, QueryRationale queries) =>
        queries switch
        {
            QueryRationale.Oracle when row.Rationale is not null => row.Query with { Rationale = row.Rationale },
            QueryRationale.Auto => row.Query with { Reasoning = ReasoningMode.Auto },
            QueryRationale.None or QueryRationale.Oracle => row.Query with { Reasoning = ReasoningMode.Off },
            _ => row.Query with { Reasoning = ReasoningMode.On },
        };
}
