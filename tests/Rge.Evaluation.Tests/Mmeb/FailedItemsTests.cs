using Rge.Data;
using Rge.Data.Mmeb;
using Rge.Evaluation.Mmeb;

namespace Rge.Evaluation.Tests.Mmeb;

/// <summary>Evaluations of rows with images that are missing and items that cannot be embedded.</summary>
public sealed class FailedItemsTests(EvaluationWorld world) : MmebEvaluationTest(world)
{
    [Fact]
    public async Task Missing_images_are_an_error_before_any_work_or_are_left_out()
    {
        var images = CopyImages();
        var rows = await new MmebReader(images).ReadEvaluationAsync(
            MmebReader.FindEvaluation(World.Folder).Single(subset => subset.Name == "cls_row"),
            TestContext.Current.CancellationToken
        );
        var (missing, broken) = (rows.Rows[1].Query.Images[0].Name, rows.Rows[2].Query.Images[0].Name);
        File.Delete(missing);
        await File.WriteAllTextAsync(broken, "no image", TestContext.Current.CancellationToken);

        var error = await Assert.ThrowsAsync<EvaluationException>(() => RunAsync("bad", subsets: ["cls_row"], images: images));
        Assert.Contains($"row 2: the image {missing} does not exist.", error.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Path.Combine(Out, "bad", "on")));

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
        var data = Path.Combine(Out, "data");
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

        var failures = new SubsetFolder(Path.Combine(Out, "mixed"), reasoning: true, "mixed").ReadFailures();
        Assert.Equal(
            [("row 2", "query"), ("row 3", "query"), ("row 4", "candidate")],
            failures.Select(failure => (failure.Row[(failure.Row.IndexOf(", ", StringComparison.Ordinal) + 2)..], failure.Item))
        );
        Assert.Contains(Path.GetFileName(rows[1].Query.Images[0].Name), failures[0].Problem, StringComparison.Ordinal);
        var report = new MmebReport(Path.Combine(Out, "mixed")).ToMarkdown();
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
}
