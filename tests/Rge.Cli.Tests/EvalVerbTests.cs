using System.Globalization;
using System.Text.Json.Nodes;
using Rge.Cli.Output;
using Rge.Tests.Shared;
using static Rge.Cli.Tests.CommandLine;

namespace Rge.Cli.Tests;

public sealed class EvalVerbTests(TinyCheckpoint tiny) : IClassFixture<TinyCheckpoint>, IAsyncLifetime
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("rge-eval-");

    private static string Shipped { get; } = Path.Combine(Golden.RepositoryRoot, "models", "shapeworld");

    private string Data => Path.Combine(_folder.FullName, "world");

    public async ValueTask InitializeAsync() =>
        await OutputAsync("world", "--split", "test", "--seed", "3", "--queries", "8", "--out", Data);

    [Fact]
    public async Task A_run_killed_at_random_moments_comes_to_the_scores_of_one_that_was_not()
    {
        var whole = JsonNode.Parse(await EvaluateAsync("whole"))!;
        Assert.Equal(
            ["hit_at_1", "hit_at_1_interval", "hit_at_5", "mrr", "subsets"],
            whole["overall"]!.AsObject().Select(pair => pair.Key)
        );
        Assert.Equal(["classification", "vqa", "retrieval", "grounding"], whole["groups"]!.AsObject().Select(pair => pair.Key));
        Assert.Equal(11, whole["subsets"]!.AsObject().Count);

        var (random, kills) = (new Random(5), 0);
        while (kills < 10)
        {
            using var process = Start("eval", "--model", Shipped, "--data", Data, "--out", Out("killed"));
            if (process.WaitForExit(TimeSpan.FromMilliseconds(random.Next(300, 2500))))
            {
                // It got to its end before its time: begin again from nothing, so that there is something to kill.
                Assert.Equal(0, process.ExitCode);
                Directory.Delete(Out("killed"), recursive: true);
                continue;
            }
            process.Kill();
            await process.WaitForExitAsync(TestContext.Current.CancellationToken);
            kills++;
        }
        var rest = JsonNode.Parse(await EvaluateAsync("killed"))!;
        foreach (var subset in whole["subsets"]!.AsObject().Select(pair => pair.Key))
            Assert.Equal(Predictions("whole", subset), Predictions("killed", subset));
        Assert.Equal((double)whole["overall"]!["hit_at_1"]!, (double)rest["overall"]!["hit_at_1"]!);
        Assert.Empty(Directory.GetFiles(Path.Combine(Out("killed"), "on"), "*.part", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task Last_token_pooling_and_reasoning_off_are_evaluated_too()
    {
        var text = await OutputAsync(
            "eval",
            "--model",
            tiny.Model,
            "--pooling",
            "last",
            "--data",
            Data,
            "--subset",
            "cls_row",
            "--out",
            Out("last")
        );
        Assert.Contains("cls_row", text, StringComparison.Ordinal);
        Assert.True(File.Exists(Path.Combine(Out("last"), "off", "cls_row", "scores.json")));
        Assert.Contains(Path.Combine(Out("last"), "report.html"), text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_an_embedding_takes_from_its_rationale_is_added_to_the_report()
    {
        string[] line = ["eval", "--model", Shipped, "--data", Data, "--subset", "cls_major", "--out", Out("ablation"), "--json"];
        var own = JsonNode.Parse(await OutputAsync(line))!;
        var conclusion = JsonNode.Parse(await OutputAsync([.. line, "--ablation", "conclusion-as-target"]))!;
        var filler = JsonNode.Parse(await OutputAsync([.. line, "--ablation", "filler"]))!;
        Assert.Equal(
            ["shapeworld", "shapeworld-conclusion-as-target", "shapeworld-filler"],
            ((JsonNode[])[own, conclusion, filler]).Select(document => (string)document["model"]!)
        );
        // The model concludes rightly in most of these rows, and a filler says nothing.
        Assert.InRange(Hits(conclusion), 0.5, 1);
        Assert.InRange(Hits(filler), 0, 0.4);
        var report = await File.ReadAllTextAsync(Path.Combine(Out("ablation"), "report.md"), TestContext.Current.CancellationToken);
        Assert.Contains("conclusion-as-target", report, StringComparison.Ordinal);

        static double Hits(JsonNode document) => (double)document["overall"]!["hit_at_1"]!;
    }

    [Theory]
    [InlineData(
        "--ablation filler --reasoning off",
        "--ablation filler needs the rationales that the model writes, expected reasoning on."
    )]
    [InlineData("--subset cls_none", "has no subset cls_none, expected one of cls_major, ")]
    [InlineData("--group ood", "has no subset of the group ood.")]
    [InlineData("--query-rules none.yaml", "none.yaml cannot be read")]
    [InlineData("--data nowhere", "The folder ")]
    public async Task What_cannot_be_evaluated_is_said_before_any_work(string options, string message)
    {
        string[] data = options.StartsWith("--data", StringComparison.Ordinal) ? [] : ["--data", Data];
        Assert.Contains(
            message,
            await ErrorAsync(ExitCodes.Failure, ["eval", "--model", tiny.Model, "--out", Out("none"), .. data, .. options.Split(' ')]),
            StringComparison.Ordinal
        );
        Assert.False(Directory.Exists(Path.Combine(Out("none"), "on")));
    }

    [Theory]
    [InlineData("""{"qry_text": "a", "tgt_text": []}""", "row 1: tgt_text and tgt_img_path are empty, expected candidates")]
    [InlineData(
        """{"qry_text": "a", "tgt_text": ["", "b"]}""",
        "row 1: value 1 of tgt_text and tgt_img_path is empty, expected a text or an image: the first is the right one."
    )]
    [InlineData("""{"qry_img_path": "none.png", "tgt_text": ["a", "b"]}""", "none.png does not exist. Give --images")]
    public async Task Rows_that_cannot_be_used_are_named_before_any_work(string row, string message)
    {
        var data = Path.Combine(_folder.FullName, "rows");
        Directory.CreateDirectory(Path.Combine(data, "GQA"));
        await File.WriteAllTextAsync(Path.Combine(data, "GQA", "test.jsonl"), row);
        Assert.Contains(
            message,
            await ErrorAsync(ExitCodes.Failure, "eval", "--model", tiny.Model, "--data", data, "--out", Out("none")),
            StringComparison.Ordinal
        );
        Assert.False(Directory.Exists(Path.Combine(Out("none"), "on")));
    }

    [Theory]
    [InlineData("--on-error")]
    [InlineData("--on-bad-image")]
    public async Task Rows_that_cannot_be_used_are_left_out_counted_and_listed(string option)
    {
        var data = Rows(
            "GQA",
            """{"qry_text": "a", "tgt_text": ["b", "c"], "id": 7}""",
            """{"qry_img_path": "none.png", "tgt_text": ["b", "c"]}"""
        );
        var (code, text, progress) = await RunAsync(
            "eval",
            "--model",
            tiny.Model,
            "--max-rationale-tokens",
            "2",
            "--data",
            data,
            "--out",
            Out("skip"),
            option,
            "skip"
        );
        Assert.True(code == ExitCodes.Success, progress);
        Assert.Contains(
            "of 1 rows, 1 left out; 1 items could not be embedded, see the report; columns left out: id",
            progress,
            StringComparison.Ordinal
        );
        var report = await File.ReadAllTextAsync(Path.Combine(Out("skip"), "report.md"));
        Assert.Contains($"| {Path.Combine(data, "GQA", "test.jsonl")}, row 2 |", report, StringComparison.Ordinal);
        Assert.Contains("Columns of the data that nothing was taken from: id.", report, StringComparison.Ordinal);
        Assert.Contains("report.html", text, StringComparison.Ordinal);

        // A subset of which nothing is left fails the run; the others have their scores.
        Rows("OK-VQA", """{"qry_img_path": "none.png", "tgt_text": ["b", "c"]}""");
        (code, text, progress) = await RunAsync(
            "eval",
            "--model",
            tiny.Model,
            "--max-rationale-tokens",
            "2",
            "--data",
            data,
            "--out",
            Out("skip"),
            option,
            "skip"
        );
        Assert.Equal(ExitCodes.Failure, code);
        Assert.Contains("OK-VQA has no rows left: ", progress, StringComparison.Ordinal);
        Assert.Contains("GQA ", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_column_that_is_not_understood_is_named_before_any_work_unless_it_is_to_be_ignored()
    {
        var data = Rows("GQA", """{"qry_text": "a", "qry_instruction": "Find", "tgt_text": ["b", "c"]}""");
        string[] arguments = ["eval", "--model", tiny.Model, "--max-rationale-tokens", "2", "--data", data, "--out", Out("column")];
        var error = await ErrorAsync(ExitCodes.Failure, arguments);
        Assert.Contains(
            "test.jsonl, row 1: the column qry_instruction is not understood, expected qry_inst, ",
            error,
            StringComparison.Ordinal
        );
        Assert.False(File.Exists(Path.Combine(Out("column"), "report.json")));
        await OutputAsync([.. arguments, "--ignore-column", "qry_instruction"]);
    }

    [Fact]
    public async Task Two_runs_of_training_are_called_by_their_runs_and_stay_two_in_one_folder()
    {
        var data = Rows("GQA", """{"qry_text": "a", "tgt_text": ["b", "c"]}""");
        string[] models = ["one/model", "two/model", "two/checkpoints/step-00000010/model"];
        foreach (var model in models)
        {
            var folder = Directory.CreateDirectory(Path.Combine(_folder.FullName, "runs", model)).FullName;
            foreach (var file in Directory.GetFiles(tiny.Model))
                File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
            // A setting that changes what comes out stands for other weights.
            await OutputAsync(
                "eval",
                "--model",
                folder,
                "--data",
                data,
                "--out",
                Out("runs"),
                "--max-rationale-tokens",
                (2 + Array.IndexOf(models, model)).ToString(CultureInfo.InvariantCulture)
            );
        }
        var json = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(Out("runs"), "report.json")))!;
        Assert.Equal(
            ["one", "two", "two/step-00000010"],
            json["models"]!.AsArray().Select(model => (string)model!["model"]!).Order(StringComparer.Ordinal)
        );
        Assert.Contains(
            "--max-rationale-tokens=3",
            (string)json["models"]!.AsArray().Single(model => (string)model!["model"]! == "two")!["runs"]!["on"]!["settings"]!["options"]!,
            StringComparison.Ordinal
        );

        var (_, _, progress) = await RunAsync(
            "eval",
            "--model",
            tiny.Model,
            "--data",
            data,
            "--out",
            Out("runs"),
            "--max-rationale-tokens",
            "9"
        );
        Assert.Contains("has results of another model or other settings: these are called", progress, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_group_that_lacks_some_of_its_subsets_is_refused()
    {
        var data = Path.Combine(_folder.FullName, "part");
        Directory.CreateDirectory(Path.Combine(data, "RefCOCO"));
        await File.WriteAllTextAsync(Path.Combine(data, "RefCOCO", "test.jsonl"), """{"qry_text": "a", "tgt_text": ["b", "c"]}""");
        var error = await ErrorAsync(
            ExitCodes.Failure,
            "eval",
            "--model",
            tiny.Model,
            "--data",
            data,
            "--group",
            "grounding",
            "--out",
            Out("none")
        );
        Assert.Contains("lacks MSCOCO, RefCOCO-Matching, Visual7W-Pointing of the group grounding", error, StringComparison.Ordinal);
    }

    public ValueTask DisposeAsync()
    {
        _folder.Delete(recursive: true);
        return ValueTask.CompletedTask;
    }

    /// <summary>
    /// In a process of its own, as the killed ones are: in this one other tests set the number of threads, which the last bits depend on.
    /// </summary>
    private async Task<string> EvaluateAsync(string name)
    {
        using var process = Start("eval", "--model", Shipped, "--data", Data, "--out", Out(name), "--json");
        var (output, error) = (
            process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken),
            process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken)
        );
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(process.ExitCode == ExitCodes.Success, await error);
        return await output;
    }

    /// <summary>Writes the rows of a subset; returns the folder of subsets.</summary>
    private string Rows(string subset, params string[] rows)
    {
        var data = Path.Combine(_folder.FullName, "rows");
        Directory.CreateDirectory(Path.Combine(data, subset));
        File.WriteAllLines(Path.Combine(data, subset, "test.jsonl"), rows);
        return data;
    }

    private string Out(string name) => Path.Combine(_folder.FullName, name);

    private string Predictions(string run, string subset) => File.ReadAllText(Path.Combine(Out(run), "on", subset, "predictions.jsonl"));
}
