using System.Text.Json;
using Rge.Models;
using Rge.Models.Checkpoints;

namespace Rge.Verification;

/// <summary>Target embeddings under each adapter of the folder, merged into the weights and applied on the fly.</summary>
internal static class AdapterCheck
{
    private const double Tolerance = 1e-5;

    public static async Task<IReadOnlyList<VerificationRow>> RunAsync(
        ReferenceFolder folder,
        QwenVlProcessor processor,
        QwenVlModelOptions options,
        CancellationToken cancellationToken
    )
    {
        var rows = new List<VerificationRow>();
        foreach (var adapter in (string[])["adapter_lora", "adapter_dora"])
        {
            Comparison merged = new($"{adapter}, merged", Comparison.CosineDistance, Tolerance),
                attached = new($"{adapter}, on the fly", Comparison.CosineDistance, Tolerance);
            if (folder.Has(Path.Combine(adapter, PeftAdapter.ConfigFile)) && folder.Root?.TryGetProperty(adapter, out var expected) == true)
            {
                var path = folder.PathOf(adapter);
                using (var model = QwenVlModel.Load(folder.ModelFolder, options with { Adapter = path }))
                    await CompareAsync(merged, model, expected);
                using var plain = QwenVlModel.Load(folder.ModelFolder, options);
                using var weights = PeftAdapter.Load(path, device: plain.Device);
                // An adapter that replaces whole parameters can only be merged.
                if (weights.FullParameters.Count == 0)
                {
                    plain.Attach(weights);
                    await CompareAsync(attached, plain, expected);
                }
            }
            rows.AddRange([merged.Row, attached.Row]);
        }
        return rows;

        async Task CompareAsync(Comparison comparison, QwenVlModel model, JsonElement expected)
        {
            using var embedder = new ReasoningEmbedder(model, processor);
            foreach (var (i, target) in folder.Targets.Index())
            {
                if (!expected.TryGetProperty($"target{i}_embedding", out var values))
                    continue;
                var embedding = await embedder.EmbedAsync(target.Input, cancellationToken: cancellationToken);
                comparison.AddDistance(target.Name, embedding.Vector.Span, [.. values.EnumerateArray().Select(v => v.GetSingle())]);
            }
        }
    }
}
