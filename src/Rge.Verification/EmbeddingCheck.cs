namespace Rge.Verification;

/// <summary>
/// Embeddings, rationales and scores from end to end: texts and image files in, through the embedder, all queries in one batch.
/// </summary>
internal static class EmbeddingCheck
{
    /// <summary>The reference's continuation: greedy, at most 24 tokens, the last one pooled whatever it is.</summary>
    private static readonly GenerationOptions Reference = new() { MaxRationaleTokens = 24, OnLengthLimit = LengthAction.PoolLastToken };

    public static async Task<IReadOnlyList<VerificationRow>> RunAsync(
        ReferenceFolder folder,
        ReasoningEmbedder embedder,
        VerificationOptions options,
        CancellationToken cancellationToken
    )
    {
        var tolerance = options.EmbeddingTolerance(folder.Config);
        Comparison greedy = Comparison.Exact("generated ids, greedy"),
            penalized = Comparison.Exact("generated ids, repetition penalty 1.05"),
            queries = new("query embeddings", Comparison.CosineDistance, tolerance),
            targets = new("target embeddings", Comparison.CosineDistance, tolerance),
            appended = new("query embeddings at an appended <emb>", Comparison.CosineDistance, tolerance),
            similarity = new("similarity", Comparison.Absolute, tolerance);

        var written = await EmbedAsync(folder.Queries, Reference);
        var weakened = await EmbedAsync(folder.Queries, Reference with { RepetitionPenalty = 1.05 });
        var ended = await EmbedAsync(folder.Queries, Reference with { OnLengthLimit = LengthAction.AppendEmb });
        var found = await EmbedAsync(folder.Targets, Reference);
        foreach (var (i, query) in folder.Queries.Index())
        {
            greedy.AddEqual(query.Name, written[i].RationaleIds, query.GeneratedIds);
            if (query.PenalizedIds.Length > 0)
                penalized.AddEqual(query.Name, weakened[i].RationaleIds, query.PenalizedIds);
            Compare(queries, $"{query.Name}.embedding", written[i]);
            Compare(appended, $"{query.Name}.embedding_appended", ended[i]);
        }
        foreach (var (i, target) in folder.Targets.Index())
            Compare(targets, $"{target.Name}.embedding", found[i]);
        if (folder.Root?.TryGetProperty("similarity", out var matrix) == true)
            foreach (var (q, row) in matrix.EnumerateArray().Index())
            foreach (var (t, expected) in row.EnumerateArray().Index())
                similarity.Add(
                    $"query {q}, target {t}",
                    Math.Abs(Similarity.Cosine(written[q].Vector.Span, found[t].Vector.Span) - expected.GetDouble())
                );
        return [greedy.Row, penalized.Row, queries.Row, appended.Row, targets.Row, similarity.Row];

        Task<ReasoningEmbedding[]> EmbedAsync(IReadOnlyList<ReferenceCase> cases, GenerationOptions generation) =>
            embedder.EmbedAsync(
                [.. cases.Select(item => item.Input)],
                new ReasoningEmbeddingOptions { Generation = generation },
                cancellationToken
            );

        void Compare(Comparison comparison, string name, ReasoningEmbedding embedding)
        {
            if (folder.Activation(name) is { } expected)
                comparison.AddDistance(name, embedding.Vector.Span, expected);
        }
    }
}
