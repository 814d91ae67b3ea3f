using System.Xml.Linq;
using Rge.Data;
using Rge.Data.Mmeb;
using Rge.Evaluation.Mmeb;
using Rge.Models;
using Rge.ShapeWorld;
using Rge.ShapeWorld.Scenes;
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
                var scores = await RunAsync(
                    "stopped",
                    progress: new Callback(_ =>
                    {
                        if (++reports == after)
                            stop.Cancel();
                    }),
                    cancellationToken: stop.Token
                );
                if (after < 6)
                    Assert.Fail("The run should have been stopped.");
                Assert.Equal(whole.Select(Result), scores.Select(Result));
                break;
            }
            catch (OperationCanceledException)
            {
                // Again, and a little further.
            }
        }
        foreach (var subset in whole)
            Assert.Equal(Predictions("whole", subset.Subset), Predictions("stopped", subset.Subset));

        static object Result(SubsetScore score) =>
            (score.Subset, score.Hits, score.HitAt5, score.Mrr, score.RationaleTokens, score.PromptTokens);
    }

    [Fact]
    public async Task What_is_in_the_cache_is_not_embedded_again_whatever_subsets_are_asked_for()
    {
        await RunAsync("first", subsets: ["cls_row", "vqa_path"]);
        var embedded = 0L;
        await RunAsync(
            "second",
            subsets: ["vqa_path", "vqa_count"],
            cache: "first",
            progress: new Callback(progress => embedded = progress.TimeLeft is null ? embedded : embedded + 1)
        );
        var before = embedded;
        // The answers are the same for both, and were embedded with the first; a second time nothing is left to do.
        await RunAsync(
            "third",
            subsets: ["vqa_path", "vqa_count"],
            cache: "first",
            progress: new Callback(progress => embedded = progress.TimeLeft is null ? embedded : embedded + 1)
        );
        Assert.True(before > 0);
        Assert.Equal(before, embedded);
        Assert.Equal(Predictions("second", "vqa_count"), Predictions("third", "vqa_count"));
    }

    [Fact]
    public async Task Missing_images_are_an_error_before_any_work_or_are_left_out()
    {
        var images = CopyImages();
        var rows = await new MmebReader(images).ReadEvaluationAsync(
            MmebReader.FindEvaluation(world.Folder).Single(subset => subset.Name == "cls_row"),
            TestContext.Current.CancellationToken
        );
        var (missing, broken) = (rows.Rows[1].Query.Images[0].Name, rows.Rows[2].Query.Images[0].Name);
        File.Delete(missing);
        await File.WriteAllTextAsync(broken, "no image", TestContext.Current.CancellationToken);

        var error = await Assert.ThrowsAsync<EvaluationException>(() => RunAsync("bad", subsets: ["cls_row"], images: images));
        Assert.Contains($"row 2: the image {missing} does not exist.", error.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Path.Combine(_out, "bad", "on")));

        var score = Assert.Single(await RunAsync("bad", subsets: ["cls_row"], images: images, failedItems: FailedItems.Skip));
        Assert.Equal((1, 2, 0), (score.Rows, score.SkippedRows, score.SkippedCandidates));
        Assert.Contains("\"skipped\":", Predictions("bad", "cls_row"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Every_missing_image_is_counted_and_the_first_are_named()
    {
        var images = CopyImages();
        var rows = await RowsAsync(images, "cls_row");
        foreach (var row in rows.Take(2))
            File.Delete(row.Query.Images[0].Name);
        var error = await Assert.ThrowsAsync<EvaluationException>(() => RunAsync("missing", subsets: ["cls_row"], images: images));
        Assert.EndsWith(
            $"2 of 3 images are missing: {Path.GetFileName(rows[0].Query.Images[0].Name)}, "
                + $"{Path.GetFileName(rows[1].Query.Images[0].Name)}.",
            error.Message,
            StringComparison.Ordinal
        );

        foreach (var row in rows)
            await File.WriteAllTextAsync(row.Query.Images[0].Name, "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n");
        error = await Assert.ThrowsAsync<EvaluationException>(() => RunAsync("missing", subsets: ["cls_row"], images: images));
        Assert.Contains(
            $"row 1: {rows[0].Query.Images[0].Name} is a Git LFS pointer in place of an image. Fetch the files with 'git lfs pull', or",
            error.Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task One_bad_item_costs_no_other_and_is_listed_with_its_row()
    {
        // A broken image, and a text that is longer than the model's context; the same bytes in two rows fail once.
        var images = CopyImages();
        var rows = await RowsAsync(images, "cls_row");
        await File.WriteAllTextAsync(rows[1].Query.Images[0].Name, "no image");
        var data = Path.Combine(_out, "data");
        Directory.CreateDirectory(Path.Combine(data, "mixed"));
        var long_ = string.Concat(Enumerable.Repeat("word ", 40_000));
        string[] lines =
        [
            Line("a", rows[0], "x", "y"),
            Line("b", rows[1], "x", "y"),
            Line(long_, rows[2], "x", "y"),
            Line("d", rows[2], "x", long_),
            Line("e", rows[0], "x", "z"),
        ];
        await File.WriteAllLinesAsync(Path.Combine(data, "mixed", "test.jsonl"), lines);

        // Ends with an error that names the row; what was embedded with it is kept.
        var error = await Assert.ThrowsAsync<EvaluationException>(() => RunAsync("mixed", data: data, images: images));
        Assert.Matches("test.jsonl, row 4: .*tokens.* Give --on-error skip to leave such rows out and count them.$", error.Message);
        var embedded = 0;
        var score = Assert.Single(
            await RunAsync(
                "mixed",
                data: data,
                images: images,
                failedItems: FailedItems.Skip,
                progress: new Callback(progress => embedded += progress.TimeLeft is null ? 0 : 1)
            )
        );
        Assert.Equal((3, 2, 1, 3), (score.Rows, score.SkippedRows, score.SkippedCandidates, score.FailedItems));

        var failures = new SubsetFolder(Path.Combine(_out, "mixed"), reasoning: true, "mixed").ReadFailures();
        Assert.Equal(
            [("row 2", "query"), ("row 3", "query"), ("row 4", "candidate")],
            failures.Select(failure => (failure.Row[(failure.Row.IndexOf(", ", StringComparison.Ordinal) + 2)..], failure.Item))
        );
        Assert.Contains(Path.GetFileName(rows[1].Query.Images[0].Name), failures[0].Problem, StringComparison.Ordinal);
        var report = new MmebReport(Path.Combine(_out, "mixed")).ToMarkdown();
        Assert.Contains("## Items that could not be embedded", report, StringComparison.Ordinal);
        Assert.All(failures, failure => Assert.Contains($"| {failure.Row} |", report, StringComparison.Ordinal));

        // The rows that are left have the scores, to the bit, of a run without the bad ones.
        await File.WriteAllLinesAsync(Path.Combine(data, "mixed", "test.jsonl"), [lines[0], Line("d", rows[2], "x"), lines[4]]);
        var good = Assert.Single(await RunAsync("good", data: data, cache: "mixed", images: images));
        Assert.Equal((score.Hits, score.Mrr), (good.Hits, good.Mrr));

        static string Line(string text, EvaluationRow row, params string[] candidates) =>
            System.Text.Json.JsonSerializer.Serialize(
                new
                {
                    qry_text = text,
                    qry_img_path = "images/" + Path.GetFileName(row.Query.Images[0].Name),
                    tgt_text = candidates,
                }
            );
    }

    [Fact]
    public async Task A_subset_without_a_usable_row_does_not_cost_the_others_their_scores()
    {
        var images = CopyImages();
        foreach (var row in await RowsAsync(images, "cls_row"))
            File.Delete(row.Query.Images[0].Name);
        var unusable = new List<string>();
        var score = Assert.Single(
            await RunAsync("some", subsets: ["cls_row", "vqa_path"], images: images, failedItems: FailedItems.Skip, unusable: unusable)
        );
        Assert.Equal("vqa_path", score.Subset);
        Assert.StartsWith("cls_row has no rows left: ", Assert.Single(unusable), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Other_instructions_give_other_scores()
    {
        var data = Path.Combine(_out, "data");
        var rows = await RowsAsync(world.Folder, "cls_row");
        var predictions = new List<string>();
        foreach (
            var (query, target) in ((string, string)[])
                [
                    ("", ""),
                    ("Name the shape:", ""),
                    ("Name the animal:", ""),
                    ("Name the shape:", "Represent the class:"),
                    ("Name the shape:", "Represent the word:"),
                ]
        )
        {
            Directory.CreateDirectory(Path.Combine(data, "inst"));
            await File.WriteAllLinesAsync(
                Path.Combine(data, "inst", "test.jsonl"),
                rows.Select(row =>
                    System.Text.Json.JsonSerializer.Serialize(
                        new
                        {
                            qry_inst = query,
                            qry_text = "it",
                            qry_img_path = "images/" + Path.GetFileName(row.Query.Images[0].Name),
                            tgt_inst = target,
                            tgt_text = (string[])["red ring", "blue bar"],
                        }
                    )
                )
            );
            await RunAsync($"inst{predictions.Count}", data: data, cache: "inst");
            predictions.Add(Predictions($"inst{predictions.Count}", "inst"));
        }
        Assert.Equal(predictions.Count, predictions.Distinct(StringComparer.Ordinal).Count());

        // As when the instruction stands in the text, where the first version of the benchmark has it.
        await File.WriteAllLinesAsync(
            Path.Combine(data, "inst", "test.jsonl"),
            rows.Select(row =>
                System.Text.Json.JsonSerializer.Serialize(
                    new
                    {
                        qry_text = "Name the shape: it",
                        qry_img_path = "images/" + Path.GetFileName(row.Query.Images[0].Name),
                        tgt_text = (string[])["Represent the class: red ring", "Represent the class: blue bar"],
                    }
                )
            )
        );
        await RunAsync("merged", data: data, cache: "inst");
        Assert.Equal(predictions[3], Predictions("merged", "inst"));
    }

    [Fact]
    public async Task Two_models_in_one_folder_stay_two()
    {
        var first = Assert.Single(await RunAsync("two", subsets: ["cls_row"], model: "a"));
        var written = Predictions("two", "cls_row");
        var second = Assert.Single(await RunAsync("two", subsets: ["cls_row"], model: "b"));
        var third = Assert.Single(await RunAsync("two", subsets: ["cls_row"], model: "b", reasoning: false));
        // Both are called "model": one of them gets a number, and keeps it.
        Assert.Equal(["model", "model (2)", "model (2)"], new[] { first, second, third }.Select(score => score.Model));
        Assert.Equal(written, Predictions("two", "cls_row"));
        Assert.True(File.Exists(Path.Combine(_out, "two", "models", "model__2_", "off", "cls_row", "scores.json")));

        var report = new MmebReport(Path.Combine(_out, "two"));
        var json = report.ToJson();
        Assert.Equal(
            [("model", 1), ("model (2)", 2)],
            json["models"]!.AsArray().Select(model => ((string)model!["model"]!, model["runs"]!.AsObject().Count))
        );
        Assert.Null(json["runs"]);
        var markdown = report.ToMarkdown();
        foreach (var name in (string[])["model, with", "model (2), with", "model (2), without"])
            Assert.Contains($"| {name} reasoning |", markdown, StringComparison.Ordinal);
        Assert.Contains("## Reasoning on and off: model (2)", markdown, StringComparison.Ordinal);
        Assert.DoesNotContain("## Reasoning on and off: model\n", markdown, StringComparison.Ordinal);
        var page = XDocument.Parse(report.ToHtml());
        Assert.Equal(3 * 3, page.Descendants("div").Count(div => div.Attribute("class")?.Value == "side"));

        // The first model again goes where it was, and so do results of earlier versions, which had no mark.
        File.Delete(Path.Combine(_out, "two", "model.json"));
        Assert.Equal("model", Assert.Single(await RunAsync("two", subsets: ["cls_row"], model: "a")).Model);
        Assert.Equal(written, Predictions("two", "cls_row"));
        Assert.Single(Directory.GetDirectories(Path.Combine(_out, "two", "models")));
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
        Assert.Contains(page.Descendants("img"), image =>
            image.Attribute("src")!.Value.StartsWith("data:image/", StringComparison.Ordinal)
        );
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
        float[] queries = Npy<float>("queries"),
            candidates = Npy<float>("candidates");
        long[] indices = Npy<long>("candidate_indices"),
            starts = Npy<long>("candidate_starts");
        var width = queries.Length / score.Rows;
        var hits = Enumerable
            .Range(0, score.Rows)
            .Count(row =>
            {
                var scores = indices[(int)starts[row]..(int)starts[row + 1]]
                    .Select(c => Enumerable.Range(0, width).Sum(k => (double)queries[row * width + k] * candidates[c * width + k]))
                    .ToArray();
                return scores.AsSpan().IndexOf(scores.Max()) == 0;
            });
        Assert.Equal(score.Hits, hits);
        Assert.Equal(130, candidates.Length / width);
        Assert.True(File.Exists(Path.Combine(_out, "safetensors", "on", "vqa_attr", "embeddings.safetensors")));

        T[] Npy<T>(string name)
            where T : unmanaged
        {
            var bytes = File.ReadAllBytes(Path.Combine(folder, name + ".npy"));
            return System.Runtime.InteropServices.MemoryMarshal.Cast<byte, T>(bytes.AsSpan(10 + BitConverter.ToUInt16(bytes, 8))).ToArray();
        }
    }

    public void Dispose() => Directory.Delete(_out, recursive: true);

    private async Task<IReadOnlyList<SubsetScore>> RunAsync(
        string output,
        string[]? subsets = null,
        string? cache = null,
        string? images = null,
        FailedItems failedItems = FailedItems.Fail,
        bool reasoning = true,
        string model = "tiny",
        EmbeddingFormat embeddings = EmbeddingFormat.None,
        IProgress<MmebProgress>? progress = null,
        string? data = null,
        List<string>? unusable = null,
        CancellationToken cancellationToken = default
    )
    {
        using var store = new EmbeddingCache(Path.Combine(_out, cache ?? output, "cache"));
        var evaluation = new MmebEvaluation(
            world.Embedder,
            store,
            new MmebEvaluationOptions
            {
                Subsets = [.. MmebReader.FindEvaluation(data ?? world.Folder).Where(subset => subsets?.Contains(subset.Name) ?? true)],
                ImageFolder = images ?? world.Folder,
                OutputFolder = Path.Combine(_out, output),
                ModelIdentity = model,
                Reasoning = reasoning,
                Generation = World.Generation,
                FailedItems = failedItems,
                Embeddings = embeddings,
                SampleRows = 3,
            }
        );
        var scores = await evaluation.RunAsync(progress, cancellationToken);
        unusable?.AddRange(evaluation.Unusable);
        return scores;
    }

    private string CopyImages()
    {
        var images = Path.Combine(_out, "images");
        foreach (var file in Directory.GetFiles(world.Folder, "*.png", SearchOption.AllDirectories))
        {
            var copy = Path.Combine(images, Path.GetRelativePath(world.Folder, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }
        return images;
    }

    private async Task<IReadOnlyList<EvaluationRow>> RowsAsync(string images, string subset) =>
        (
            await new MmebReader(images).ReadEvaluationAsync(MmebReader.FindEvaluation(world.Folder).Single(found => found.Name == subset))
        ).Rows;

    private string Predictions(string output, string subset) =>
        File.ReadAllText(Path.Combine(_out, output, "on", subset, "predictions.jsonl"));

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
            RandomCheckpoint.Write(
                model,
                ModelShape.Tiny with
                {
                    HiddenSize = 64,
                    Layers = 2,
                    IntermediateSize = 96,
                    VocabSize = 512,
                    VisionDepth = 1,
                    VisionHiddenSize = 32,
                    VisionHeads = 2,
                    VisionIntermediateSize = 48,
                    FullAttentionBlocks = [0],
                    MaxPixels = 9 * 28 * 28,
                },
                seed: 2,
                ScalarType.Float32
            );
            Embedder = ReasoningEmbedder.Load(
                model,
                new ReasoningEmbedderOptions { Generation = Generation, PrefetchItems = MmebEvaluation.ChunkItems }
            );
        }

        public ValueTask DisposeAsync()
        {
            Embedder.Dispose();
            _root.Delete(recursive: true);
            return ValueTask.CompletedTask;
        }
    }
}
