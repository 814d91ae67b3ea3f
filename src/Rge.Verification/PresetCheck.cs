using System.Text.Json;
using Rge.Imaging;
using Rge.Models;
using Rge.Models.Inputs;
using Rge.Prompts;

namespace Rge.Verification;

/// <summary>How published embedding checkpoints are called: preset_cases.json, a preset after the other.</summary>
internal sealed class PresetCheck(ReferenceFolder folder, VerificationOptions options)
{
    /// <summary>The limits that reasoning-guided checkpoints are trained with; the other presets have theirs.</summary>
    private static readonly ImageOptions OfRge = new() { MinPixels = 256 * 28 * 28, MaxPixels = 1024 * 28 * 28 };

    private readonly Comparison _prompts = Comparison.Exact("preset prompts"),
        _grids = Comparison.Exact("preset image grids"),
        _sizes = Comparison.Exact("preset image sizes"),
        _ids = Comparison.Exact("preset input ids"),
        _positions = Comparison.Exact("preset position ids"),
        _pooled = Comparison.Exact("preset pooled tokens"),
        _embeddings = new("preset embeddings", Comparison.CosineDistance, options.EmbeddingTolerance(folder.Config)),
        _cut = new("preset embeddings of 16 dimensions", Comparison.CosineDistance, options.EmbeddingTolerance(folder.Config)),
        _scores = new("reranker scores", Comparison.Absolute, options.ScoreTolerance),
        _leftOut = new("preset cases with videos, not compared", Comparison.CasesThatDiffer, 0);

    /// <summary>Compares every case without a video.</summary>
    public static async Task<IReadOnlyList<VerificationRow>> RunAsync(
        ReferenceFolder folder,
        VerificationOptions options,
        CancellationToken cancellationToken
    )
    {
        var check = new PresetCheck(folder, options);
        if (folder.Json("preset_cases.json") is { } root)
            await check.RunAsync(root, cancellationToken);
        return check.Rows;
    }

    private IReadOnlyList<VerificationRow> Rows =>
        [_prompts.Row, _grids.Row, _sizes.Row, _ids.Row, _positions.Row, _pooled.Row, _embeddings.Row, _cut.Row, _scores.Row, _leftOut.Row];

    private async Task RunAsync(JsonElement root, CancellationToken cancellationToken)
    {
        var all = PresetCase.Read(root, folder.ImageFolder);
        foreach (var _ in all.Where(item => item is null))
            _leftOut.Add("", 0);
        await CompareScoresAsync([.. all.OfType<PresetCase>().Where(item => item.Document is not null)], cancellationToken);
        var cases = all.OfType<PresetCase>().Where(item => item.Document is null);
        foreach (var group in cases.GroupBy(item => item.Preset))
        {
            using var embedder = ReasoningEmbedder.Load(
                folder.ModelFolder,
                new ReasoningEmbedderOptions
                {
                    Preset = group.Key,
                    Images = group.Key == ModelPreset.Rge ? OfRge : null,
                    Model = new QwenVlModelOptions { DType = options.DType, Device = options.Device },
                }
            );
            CompareSizes(root, group.First(), embedder.Processor.Images);
            foreach (var item in group)
                await CompareAsync(item, embedder, cancellationToken);
        }
    }

    private async Task CompareScoresAsync(IReadOnlyList<PresetCase> pairs, CancellationToken cancellationToken)
    {
        if (pairs.Count == 0)
            return;
        var model = new QwenVlModelOptions { DType = options.DType, Device = options.Device };
        using var reranker = Reranker.Load(folder.ModelFolder, new RerankerOptions { Preset = pairs[0].Preset, Model = model });
        foreach (var pair in pairs)
        {
            var results = await reranker.ScoreAsync(pair.Item, [pair.Document!], cancellationToken: cancellationToken);
            _scores.Add(pair.Name, Math.Abs(results[0].Score - pair.Score!.Value));
        }
    }

    private void CompareSizes(JsonElement root, PresetCase item, ImageProcessor images)
    {
        var name = item.Name[..item.Name.IndexOf('.', StringComparison.Ordinal)];
        if (!root.TryGetProperty("sizes", out var sizes) || !sizes.TryGetProperty(name, out var rows))
            return;
        foreach (var row in rows.EnumerateArray().Select(ReferenceCase.Ids))
        {
            var grid = images.GridOf(row[1], row[0]);
            int[] found = [grid.Height * images.Config.PatchSize, grid.Width * images.Config.PatchSize];
            _sizes.AddEqual($"{name}, {row[1]}×{row[0]}", found, row[2..]);
        }
    }

    private async Task CompareAsync(PresetCase item, ReasoningEmbedder embedder, CancellationToken cancellationToken)
    {
        var config = ((QwenVlModel)embedder.GetService(typeof(QwenVlModel))!).Config;
        var grids = item.Item.Images.Select(image => image.Load(embedder.Processor.Images, ImageLimits.Default).Grid).ToArray();
        _grids.AddEqual(item.Name, grids, [.. item.Grids.Select(grid => new ImageGrid(grid[0], grid[1], grid[2]))]);

        var prompts = new PromptBuilder(config, embedder.Processor, item.Preset);
        var prompt = prompts.Build(item.Item, grids, reasons: false);
        var appended = item.Preset == ModelPreset.Rge ? PromptBuilder.EmbToken : "";
        _prompts.AddEqual(item.Name, $"{prompts.Text(item.Item)}{item.Continuation}{appended}", item.Prompt);
        _ids.AddEqual(item.Name, prompt.TokenIds, item.InputIds);
        _pooled.AddEqual(item.Name, [prompt.PooledIndex], [item.PooledIndex]);
        var rope = MropePositions.Compute(item.InputIds, grids, config, scheme: item.Preset.Positions);
        _positions.AddEqual(item.Name, [.. rope.Time, .. rope.Height, .. rope.Width], [.. item.PositionIds.SelectMany(axis => axis)]);

        var embedding = await embedder.EmbedAsync(item.Item, cancellationToken: cancellationToken);
        _embeddings.AddDistance(item.Name, embedding.Vector.Span, item.Embedding);
        if (item.First16.Length == 0)
            return;
        var cut = new ReasoningEmbeddingOptions { Dimensions = item.First16.Length };
        _cut.AddDistance(item.Name, (await embedder.EmbedAsync(item.Item, cut, cancellationToken)).Vector.Span, item.First16);
    }
}
