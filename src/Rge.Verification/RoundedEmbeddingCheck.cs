using Rge.Imaging;

namespace Rge.Verification;

/// <summary>
/// Compares embeddings in a rounded number type with the float32 reference. Rounding may turn a close choice of tokens, after which two
/// rationales differ for good; so the model reads the reference's tokens instead of writing its own.
/// </summary>
internal static class RoundedEmbeddingCheck
{
    public static async Task<IReadOnlyList<VerificationRow>> RunAsync(
        ReferenceFolder folder,
        ReasoningEmbedder embedder,
        VerificationOptions options,
        CancellationToken cancellationToken
    )
    {
        var tolerance = options.EmbeddingTolerance(folder.Config);
        Comparison queries = new("query embeddings", Comparison.CosineDistance, tolerance),
            targets = new("target embeddings", Comparison.CosineDistance, tolerance),
            appended = new("query embeddings at an appended <emb>", Comparison.CosineDistance, tolerance);
        foreach (var query in folder.Queries)
        {
            await CompareAsync(queries, query, "embedding", query.GeneratedIds);
            await CompareAsync(appended, query, "embedding_appended", [.. query.GeneratedIds, embedder.EmbTokenId]);
        }
        foreach (var target in folder.Targets)
            await CompareAsync(targets, target, "embedding", []);
        return [queries.Row, appended.Row, targets.Row];

        async Task CompareAsync(Comparison comparison, ReferenceCase item, string quantity, int[] continuation)
        {
            if (folder.Activation($"{item.Name}.{quantity}") is not { } expected)
                return;
            var images = item.Input.Images.Select(source => source.Load(embedder.Processor.Images, ImageLimits.Default)).ToArray();
            var decoded = await embedder.Decoder.DecodeAsync(
                new DecodeRequest([.. item.InputIds, .. continuation], images),
                cancellationToken
            );
            comparison.AddDistance(item.Name, decoded.HiddenState, expected);
        }
    }
}
