using System.Xml.Linq;
using Rge.Evaluation.Mmeb;

namespace Rge.Evaluation.Tests.Mmeb;

/// <summary>Whole evaluations of a random model on a few rows of ShapeWorld in MMEB's form.</summary>
public sealed class MmebEvaluationTests(EvaluationWorld world) : MmebEvaluationTest(world)
{
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
    public async Task Other_instructions_give_other_scores()
    {
        var data = Path.Combine(Out, "data");
        var rows = await RowsAsync(World.Folder, "cls_row");
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
        Assert.True(File.Exists(Path.Combine(Out, "two", "models", "model__2_", "off", "cls_row", "scores.json")));

        var report = new MmebReport(Path.Combine(Out, "two"));
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
        File.Delete(Path.Combine(Out, "two", "model.json"));
        Assert.Equal("model", Assert.Single(await RunAsync("two", subsets: ["cls_row"], model: "a")).Model);
        Assert.Equal(written, Predictions("two", "cls_row"));
        Assert.Single(Directory.GetDirectories(Path.Combine(Out, "two", "models")));
    }

    [Fact]
    public async Task The_report_has_every_subset_with_reasoning_on_and_off()
    {
        var on = await RunAsync("report", subsets: ["cls_row", "grd_path"]);
        var off = await RunAsync("report", subsets: ["cls_row", "grd_path"], reasoning: false);
        Assert.All(off, score => Assert.Equal(0, score.RationaleTokens));
        Assert.All(on, score => Assert.True(score.RationaleTokens > 0));
        await RunAsync("report", subsets: ["ret_i2t"], model: "another");
        var report = new MmebReport(Path.Combine(Out, "report"), on[0].Identity);
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
        var folder = Path.Combine(Out, "npy", "on", "vqa_attr");
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
        Assert.True(File.Exists(Path.Combine(Out, "safetensors", "on", "vqa_attr", "embeddings.safetensors")));

        T[] Npy<T>(string name)
            where T : unmanaged
        {
            var bytes = File.ReadAllBytes(Path.Combine(folder, name + ".npy"));
            return System.Runtime.InteropServices.MemoryMarshal.Cast<byte, T>(bytes.AsSpan(10 + BitConverter.ToUInt16(bytes, 8))).ToArray();
        }
    }
}
