using System.Text.Json;
using Rge.Data;
using Rge.Imaging;
using Rge.Models;
using Rge.Prompts;
using Rge.Training.Batches;
using Rge.Training.Settings;

namespace Rge.Bench;

/// <summary>
/// A batch of the joint objective as both programs of a comparison read it: tokens, and images by their grids, since pixels cost the same
/// whatever they show.
/// </summary>
internal sealed record JointBatch(double Temperature, int Emb, int[][] Grids, JointBatch.Query[] Queries, JointBatch.Target[] Targets)
{
    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    public sealed record Query(int[] Prompt, int[] Images, int[] Oracle, int[] Own);

    public sealed record Target(int[] Tokens, int[] Images);

    /// <summary>64 queries of ShapeWorld, four a scene; each one's own rationale is as long as the oracle's.</summary>
    public static JointBatch OfShapeWorld(string checkpoint)
    {
        var processor = QwenVlProcessor.Load(checkpoint);
        var prompts = new PromptBuilder(QwenVlConfig.Load(checkpoint), processor);
        var samples = new ShapeWorldSource(new DataSettings { HardNegatives = false }, seed: 1, processor).Samples(0);
        var batch = new BatchEncoder(prompts, processor, prompts.EmbTokenId, hardNegatives: false).Encode([
            .. samples.DistinctBy(sample => sample.Targets[0].Key, StringComparer.Ordinal),
        ]);
        var images = batch
            .Queries.SelectMany(query => query.Images)
            .Concat(batch.Targets.SelectMany(target => target.Images))
            .Distinct()
            .ToList();
        return new JointBatch(
            0.05,
            prompts.EmbTokenId,
            [.. images.Select(image => (int[])[image.Grid.Temporal, image.Grid.Height, image.Grid.Width])],
            [
                .. batch.Queries.Select(
                    (query, i) =>
                        new Query(
                            query.Prompt,
                            Numbers(query.Images),
                            query.Rationale,
                            batch.Queries[(i + 1) % batch.Queries.Count].Rationale[..^1]
                        )
                ),
            ],
            [.. batch.Targets.Select(target => new Target(target.Tokens, Numbers(target.Images)))]
        );

        int[] Numbers(IReadOnlyList<PatchedImage> shown) => [.. shown.Select(image => images.IndexOf(image))];
    }

    /// <summary>
    /// Random tokens in the measures of the other benchmarks: 256 image tokens, 64 of text, 32 of rationale; targets of 64 of text.
    /// </summary>
    public static JointBatch OfMeasures(QwenVlConfig config, int emb, int queries)
    {
        var random = new Random(1);
        int[] image = [config.VisionStartTokenId, .. Enumerable.Repeat(config.ImageTokenId, 256), config.VisionEndTokenId];
        return new JointBatch(
            0.02,
            emb,
            [.. Enumerable.Repeat((int[])[1, 32, 32], queries)],
            [.. Enumerable.Range(0, queries).Select(i => new Query([.. image, .. Text(64)], [i], [.. Text(32), emb], Text(32)))],
            [.. Enumerable.Range(0, queries).Select(_ => new Target([.. Text(64), emb], []))]
        );

        int[] Text(int count) => [.. Enumerable.Range(0, count).Select(_ => random.Next(config.Text.VocabSize - 30))];
    }

    public void Write(string path) => File.WriteAllText(path, JsonSerializer.Serialize(this, Json));

    /// <summary>Writes a batch of eight queries for a checkpoint, see <see cref="OfMeasures"/>; any token can play the last one.</summary>
    public static void WriteMeasures(string checkpoint, string path)
    {
        var config = QwenVlConfig.Load(checkpoint);
        OfMeasures(config, config.Text.VocabSize - 1, queries: 8).Write(path);
    }

    public static JointBatch Read(string path) => JsonSerializer.Deserialize<JointBatch>(File.ReadAllText(path), Json)!;

    /// <summary>The batch as training reads it, with the rationale each query is followed by.</summary>
    public (TrainingBatch Batch, int[][] Own) Decode(QwenVlConfig config)
    {
        var random = new Random(1);
        PatchedImage[] images =
        [
            .. Grids
                .Select(grid => new ImageGrid(grid[0], grid[1], grid[2]))
                .Select(grid => new PatchedImage(
                    [.. Enumerable.Range(0, grid.Patches * config.Vision.PatchLength).Select(_ => random.NextSingle() * 2 - 1)],
                    grid
                )),
        ];
        var sample = new TrainingSample
        {
            Dataset = "bench",
            Source = "bench",
            Query = EmbeddingInput.Query("bench"),
        };
        string[] keys = [.. Targets.Select((_, i) => $"target {i}")];
        return (
            new TrainingBatch(
                [.. Queries.Select(query => new EncodedQuery(sample, query.Prompt, Shown(query.Images), query.Oracle))],
                [.. Targets.Select((target, i) => new EncodedTarget(keys[i], target.Tokens, Shown(target.Images)))],
                new InBatchPairs([.. keys.Take(Queries.Length).Select(key => new HashSet<string>([key], StringComparer.Ordinal))], keys)
            ),
            [.. Queries.Select(query => query.Own)]
        );

        PatchedImage[] Shown(int[] numbers) => [.. numbers.Select(number => images[number])];
    }
}
