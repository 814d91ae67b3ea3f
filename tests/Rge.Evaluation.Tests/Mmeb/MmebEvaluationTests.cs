using System.Xml.Linq;
using Rge.Data.Mmeb;
using Rge.Data.ShapeWorld;
using Rge.Evaluation.Mmeb;
using Rge.Models;
using static TorchSharp.torch;

namespace Rge.Evaluation.Tests.Mmeb;

/// <summary>Whole evaluations of a random model on a few rows of ShapeWorld in MMEB's form.</summary>
public sealed class MmebEvaluationTests(MmebEvaluationTests.World world) : IClassFixture<MmebEvaluationTests.World>, IDisposable
{
    private readonly string _out = Directory.CreateTempSubdirectory("rge-eval-").FullName;

    [Fact]
    public async Task A_run_that_was_stopped_comes_to_the_scores_of_one_that_was_not()
    {
        var whole = await RunAsync("whole");
        Assert.Equal(11, whole.Count);
        for (var after = 1; ; after += 3)
        {
            using var stop = new CancellationTokenSource();
            var reports = 0;
            try
            {
                var scores = await RunAsync("stopped", progress: new Callback(_ => { if (++reports == after) stop.Cancel(); }), cancellationToken: stop.Token);
                if (after < 6) Assert.Fail("The run should have been stopped.");
                Assert.Equal(whole.Select(Result), scores.Select(Result));
                break;
            }
            catch (OperationCanceledException)
            {
                // Again, and a little further.
            }
        }
        foreach (var subset in whole) Assert.Equal(Predictions("whole", subset.Subset), Predictions("stopped", subset.Subset));

        static object Result(SubsetScore score) => (score.Subset, score.Hits, score.HitAt5, score.Mrr, score.RationaleTokens, score.PromptTokens);
    }

    [Fact]
    public async Task What_is_in_the_cache_is_not_embedded_again_whatever_subsets_are_asked_for()
    {
        await RunAsync("first", subsets: ["cls_row", "vqa_path"]);
        var embedded = 0L;
        await RunAsync("second", subsets: ["vqa_path", "vqa_count"], cache: "first", progress: new Callback(progress => embedded = progress.TimeLeft is null ? embedded : embedded + 1));
        var before = embedded;
        // The answers are the same for both, and were embedded with the first; a second time nothing is left to do.
        await RunAsync("third", subsets: ["vqa_path", "vqa_count"], cache: "first", progress: new Callback(progress => embedded = progress.TimeLeft is null ? embedded : embedded + 1));
        Assert.True(before > 0);
        Assert.Equal(before, embedded);
        Assert.Equal(Predictions("second", "vqa_count"), Predictions("third", "vqa_count"));
    }

    [Fact]
    public async Task Missing_pictures_are_an_error_before_any_work_or_are_left_out()
    {
        var images = Path.Combine(_out, "images");
        foreach (var file in Directory.GetFiles(world.Folder, "*.png", SearchOption.AllDirectories))
        {
            var copy = Path.Combine(images, Path.GetRelativePath(world.Folder, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }
        var rows = await new MmebReader(images).ReadEvaluationAsync(MmebReader.FindEvaluation(world.Folder).Single(subset => subset.Name == "cls_row"), TestContext.Current.CancellationToken);
        var (missing, broken) = (rows.Rows[1].Query.Images[0].Name, rows.Rows[2].Query.Images[0].Name);
        File.Delete(missing);
        await File.WriteAllTextAsync(broken, "no picture", TestContext.Current.CancellationToken);

        var error = await Assert.ThrowsAsync<EvaluationException>(() => RunAsync("bad", subsets: ["cls_row"], images: images));
        Assert.Contains($"row 2: the picture {missing} does not exist.", error.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Path.Combine(_out, "bad", "on")));

        var score = Assert.Single(await RunAsync("bad", subsets: ["cls_row"], images: images, badImages: BadImages.Skip));
        Assert.Equal((1, 2, 0), (score.Rows, score.SkippedRows, score.SkippedCandidates));
        Assert.Contains("\"skipped\":", Predictions("bad", "cls_row"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_report_has_every_subset_with_reasoning_on_and_off()
    {
        var on = await RunAsync("report", subsets: ["cls_row", "grd_path"]);
        var off = await RunAsync("report", subsets: ["cls_row", "grd_path"], reasoning: false);
        Assert.All(off, score => Assert.Equal(0, score.RationaleTokens));
        Assert.All(on, score => Assert.True(score.RationaleTokens > 0));
        await RunAsync("report", subsets: ["ret_i2t"], model: "another");
        var report = new MmebReport(Path.Combine(_out, "report"), on[0].Identity);
        var page = XDocument.Parse(report.ToHtml());
        Assert.Equal(["cls_row", "grd_path"], page.Descendants("summary").Select(summary => summary.Value));
        Assert.Equal(2 * 3, page.Descendants("section").Count());
        Assert.Equal(2 * 2 * 3, page.Descendants("div").Count(div => div.Attribute("class")?.Value == "side"));
        Assert.Contains(page.Descendants("img"), image => image.Attribute("src")!.Value.StartsWith("data:image/", StringComparison.Ordinal));
        Assert.Contains("| cls_row |", report.ToMarkdown(), StringComparison.Ordinal);
        Assert.DoesNotContain("ret_i2t", report.ToMarkdown(), StringComparison.Ordinal);
        Assert.Equal(["on", "off"], report.ToJson()["runs"]!.AsObject().Select(run => run.Key));
        Assert.Equal(on[0].HitAt1, (double)report.ToJson()["runs"]!["on"]!["subsets"]!["cls_row"]!["hit_at_1"]!);
        Assert.All(report.Write(), path => Assert.True(File.Exists(path)));
    }

    [Fact]
    public async Task Embeddings_are_written_so_that_others_come_to_the_same_score()
    {
        var score = Assert.Single(await RunAsync("npy", subsets: ["vqa_attr"], embeddings: EmbeddingFormat.Npy));
        await RunAsync("safetensors", subsets: ["vqa_attr"], embeddings: EmbeddingFormat.Safetensors, cache: "npy");
        var folder = Path.Combine(_out, "npy", "on", "vqa_attr");
        float[] queries = Npy<float>("queries"), candidates = Npy<float>("candidates");
        long[] indices = Npy<long>("candidate_indices"), starts = Npy<long>("candidate_starts");
        var width = queries.Length / score.Rows;
        var hits = Enumerable.Range(0, score.Rows).Count(row =>
        {
            var scores = indices[(int)starts[row]..(int)starts[row + 1]].Select(c => Enumerable.Range(0, width).Sum(k => (double)queries[row * width + k] * candidates[c * width + k])).ToArray();
            return scores.AsSpan().IndexOf(scores.Max()) == 0;
        });
        Assert.Equal(score.Hits, hits);
        Assert.Equal(130, candidates.Length / width);
        Assert.True(File.Exists(Path.Combine(_out, "safetensors", "on", "vqa_attr", "embeddings.safetensors")));

        T[] Npy<T>(string name) where T : unmanaged
        {
            var bytes = File.ReadAllBytes(Path.Combine(folder, name + ".npy"));
            return System.Runtime.InteropServices.MemoryMarshal.Cast<byte, T>(bytes.AsSpan(10 + BitConverter.ToUInt16(bytes, 8))).ToArray();
        }
    }

    public void Dispose() => Directory.Delete(_out, recursive: true);

    private async Task<IReadOnlyList<SubsetScore>> RunAsync(
        string output, string[]? subsets = null, string? cache = null, string? images = null, BadImages badImages = BadImages.Fail, bool reasoning = true, string model = "tiny",
        EmbeddingFormat embeddings = EmbeddingFormat.None, IProgress<MmebProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        using var store = new EmbeddingCache(Path.Combine(_out, cache ?? output, "cache"));
        return await new MmebEvaluation(world.Embedder, store, new MmebEvaluationOptions
        {
            Subsets = [.. MmebReader.FindEvaluation(world.Folder).Where(subset => subsets?.Contains(subset.Name) ?? true)],
            ImageFolder = images ?? world.Folder,
            OutputFolder = Path.Combine(_out, output),
            ModelIdentity = model,
            Reasoning = reasoning,
            Generation = World.Generation,
            BadImages = badImages,
            Embeddings = embeddings,
            SampleRows = 3,
        }).RunAsync(progress, cancellationToken);
    }

    private string Predictions(string output, string subset) => File.ReadAllText(Path.Combine(_out, output, "on", subset, "predictions.jsonl"));

    private sealed class Callback(Action<MmebProgress> report) : IProgress<MmebProgress>
    {
        public void Report(MmebProgress value) => report(value);
    }

    /// <summary>Three rows of each dataset on the disk, and a random model.</summary>
    public sealed class World : IAsyncLifetime
    {
        private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("rge-world-");

        public static GenerationOptions Generation { get; } = new() { MaxRationaleTokens = 4 };

        public string Folder => Path.Combine(_root.FullName, "world");

        public ReasoningEmbedder Embedder { get; private set; } = null!;

        public async ValueTask InitializeAsync()
        {
            await ShapeWorldFiles.WriteAsync(Folder, WorldSplit.Test, 5, 3);
            var model = Path.Combine(_root.FullName, "model");
            RandomCheckpoint.Write(model, ModelShape.Tiny with { HiddenSize = 64, Layers = 2, IntermediateSize = 96, VocabSize = 512, VisionDepth = 1, VisionHiddenSize = 32, VisionHeads = 2, VisionIntermediateSize = 48, FullAttentionBlocks = [0], MaxPixels = 9 * 28 * 28 }, seed: 2, ScalarType.Float32);
            Embedder = ReasoningEmbedder.Load(model, new ReasoningEmbedderOptions { Generation = Generation, ItemsAhead = MmebEvaluation.ChunkItems });
        }

        public ValueTask DisposeAsync()
        {
            Embedder.Dispose();
            _root.Delete(recursive: true);
            return ValueTask.CompletedTask;
        }
    }
}
