using System.Text.Json.Nodes;
using Rge.Cli.Output;
using Rge.Models;
using Rge.Tests.Shared;
using Rge.Tests.Shared.Oracle;
using static Rge.Cli.Tests.CommandLine;
using static TorchSharp.torch;

namespace Rge.Cli.Tests;

public sealed class TrainVerbTests : IDisposable
{
    private const int Steps = 60;

    private readonly string _folder = Directory.CreateTempSubdirectory("rge-train-").FullName;

    [Fact]
    public async Task A_run_killed_at_random_moments_resumes_with_the_same_result()
    {
        var config = Path.Combine(_folder, "small.yaml");
        await File.WriteAllTextAsync(
            config,
            $$"""
            name: small
            threads: 1
            model: {shape: shapeworld}
            data: {queries: 4}
            objective: {rationale: self, max_rationale_tokens: 4, temperature: 0.05}
            phases: [{name: joint, steps: {{Steps}}, learning_rate: 1e-3}]
            evaluation: {every: 0}
            checkpoints: {every: 4, keep: 2}
            """,
            TestContext.Current.CancellationToken
        );
        await OutputAsync("train", config, "--out", Run("whole"));

        var (random, kills) = (new Random(2), 0);
        while (kills < 6)
        {
            using var process = Start([
                "train",
                config,
                "--out",
                Run("killed"),
                .. Directory.Exists(Run("killed")) ? (string[])["--resume"] : [],
            ]);
            if (process.WaitForExit(TimeSpan.FromMilliseconds(random.Next(1000, 4000))))
            {
                // It got to its end before its time: begin again from nothing, so that there is something to kill.
                Assert.Equal(0, process.ExitCode);
                Directory.Delete(Run("killed"), recursive: true);
                continue;
            }
            process.Kill();
            await process.WaitForExitAsync(TestContext.Current.CancellationToken);
            kills++;
        }
        await OutputAsync(["train", config, "--out", Run("killed"), .. Directory.Exists(Run("killed")) ? (string[])["--resume"] : []]);

        var (whole, killed) = (Losses("whole"), Losses("killed"));
        Assert.Equal(Enumerable.Range(1, Steps), killed.Select(entry => entry.Step));
        Assert.All(whole.Zip(killed), pair => Assert.Equal(pair.First.Loss, pair.Second.Loss, 1e-5 * Math.Abs(pair.First.Loss)));
        Assert.True(File.Exists(Path.Combine(Run("killed"), "model", "model.safetensors")));
    }

    [Fact]
    public async Task A_run_of_another_process_is_left_alone_and_a_killed_one_leaves_no_lock()
    {
        var config = await WriteAsync(
            "small.yaml",
            $$"""
            name: small
            threads: 1
            model: {shape: shapeworld}
            data: {queries: 4}
            objective: {rationale: none, lm_weight: 0}
            phases: [{name: joint, steps: 100000, learning_rate: 1e-3}]
            evaluation: {every: 0}
            checkpoints: {every: 2}
            """
        );
        using var process = Start("train", config, "--out", Run("busy"));
        var log = Path.Combine(Run("busy"), "log.jsonl");
        while (!process.HasExited && (!File.Exists(log) || new FileInfo(log).Length == 0))
            await Task.Delay(20, TestContext.Current.CancellationToken);
        foreach (
            var options in (string[][])
                [
                    [],
                    ["--resume"],
                ]
        )
            Assert.Equal(
                $"rge: {Run("busy")} is in use by a run that has not ended: wait for it or stop it, or name another folder.",
                await ErrorAsync(ExitCodes.Failure, ["train", config, "--out", Run("busy"), .. options])
            );
        Assert.False(process.HasExited);
        process.Kill();
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        // Refused for its settings, no longer for the lock.
        Assert.Contains(
            "seed is '2', and was '1'",
            await ErrorAsync(ExitCodes.Failure, "train", config, "--out", Run("busy"), "--resume", "--set", "seed=2"),
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData("data=null", "'data=null': data is empty, expected settings such as folder")]
    [InlineData("phases=[]", "phases is [], expected at least one")]
    [InlineData("data.weights={a", "'data.weights={a': not valid YAML")]
    [InlineData("evaluation.folder=nowhere", "evaluation.folder is nowhere, which does not exist; expected a folder.")]
    public async Task A_wrong_override_is_one_sentence_and_leaves_nothing(string setting, string expected)
    {
        Assert.Contains(
            expected,
            await ErrorAsync(
                ExitCodes.Failure,
                "train",
                Path.Combine(Golden.RepositoryRoot, "configs", "own-data.yaml"),
                "--out",
                Run("none"),
                "--set",
                "model.checkpoint=" + Path.Combine(Golden.RepositoryRoot, "models", "shapeworld"),
                "data.folder=null",
                "data.images=null",
                "evaluation.images=null",
                setting
            ),
            StringComparison.Ordinal
        );
        Assert.False(Directory.Exists(Run("none")));
    }

    /// <summary>
    /// The settings that docs name for data of one's own, as they are but for sizes, from a checkpoint without the token.
    /// </summary>
    [Theory]
    [InlineData("bfloat16")]
    [InlineData("float32")]
    public async Task The_settings_for_own_data_train_from_a_stock_checkpoint_and_the_result_scores_as_measured(string dtype)
    {
        var (stock, data, dev) = (Run("stock"), Run("data"), Run("dev"));
        RandomCheckpoint.Write(
            stock,
            ModelShape.Tiny with
            {
                Layers = 2,
                VisionDepth = 2,
                FullAttentionBlocks = [1],
            },
            seed: 7,
            ScalarType.BFloat16
        );
        foreach (var name in (string[])["tokenizer.json", "tokenizer_config.json"])
        {
            var json = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(stock, name), TestContext.Current.CancellationToken))!;
            foreach (var list in (string[])["added_tokens", "extra_special_tokens"])
                if (json[list] is JsonArray tokens)
                    tokens.RemoveAt(tokens.Count - 1);
            await File.WriteAllTextAsync(Path.Combine(stock, name), json.ToJsonString(), TestContext.Current.CancellationToken);
        }
        OracleData.Write(data, "MSCOCO", 12);
        var rows = Path.Combine(data, "MSCOCO", "train.jsonl");
        await File.WriteAllLinesAsync(
            rows,
            [.. File.ReadLines(rows).Select(row => row[..^1] + ""","rationale":"There is a pattern. So it is the item."}""")],
            TestContext.Current.CancellationToken
        );
        Directory.CreateDirectory(Path.Combine(dev, "MSCOCO"));
        await File.WriteAllLinesAsync(
            Path.Combine(dev, "MSCOCO", "test.jsonl"),
            Enumerable
                .Range(1, 8)
                .Select(i =>
                    $$"""{"qry_text": "<|image_1|>\nFind what goes with query number {{i}}\n","""
                    + $$""" "qry_img_path": "images/{{i % 3}}.png", "tgt_text": ["item {{i}}", "item {{i + 1}}"],"""
                    + $$""" "tgt_img_path": ["", ""]}"""
                ),
            TestContext.Current.CancellationToken
        );
        string[] line =
        [
            "train",
            Path.Combine(Golden.RepositoryRoot, "configs", "own-data.yaml"),
            "--out",
            Run("own"),
            "--set",
            $"model.checkpoint={stock}",
            $"data.folder={data}",
            $"data.images={data}",
            $"evaluation.folder={dev}",
            $"evaluation.images={data}",
            "data.queries=4",
            "data.sub_batch=2",
            "objective.max_rationale_tokens=12",
            "objective.chunk_tokens=64",
            "phases.0={name: write, steps: 2, learning_rate: 1e-3, embedding_weight: 0}",
            "phases.1.steps=3",
            "phases.1.warmup_steps=0",
            $"model.dtype={dtype}",
        ];
        Assert.Contains(
            "has no <emb> token, which embeddings are taken at: set model.add_emb_token: true",
            await ErrorAsync(ExitCodes.Failure, [.. line, "model.add_emb_token=false"]),
            StringComparison.Ordinal
        );
        await OutputAsync(line);

        var start = Path.Combine(Run("own"), "start");
        Assert.Equal(
            start,
            (string?)
                JsonNode.Parse(
                    await File.ReadAllTextAsync(
                        Path.Combine(Run("own"), "model", "adapter_config.json"),
                        TestContext.Current.CancellationToken
                    )
                )!["base_model_name_or_path"]
        );
        // As measured: without the base's penalty, no longer than trained, in MMEB's wording for the subset.
        var measured = JsonNode.Parse(File.ReadLines(Path.Combine(Run("own"), "log.jsonl")).Last())!["development"]!;
        var scores = JsonNode.Parse(
            await OutputAsync(
                "eval",
                "--model",
                start,
                "--adapter",
                Path.Combine(Run("own"), "model"),
                "--dtype",
                dtype,
                "--data",
                dev,
                "--images",
                data,
                "--out",
                Run("scores"),
                "--json"
            )
        )!;
        Assert.Equal(8, (int)measured["datasets"]!["MSCOCO"]!["rows"]!);
        // Merged into bfloat16 weights an adapter is rounded, so that scores need not be the same to the row.
        if (dtype == "float32")
            Assert.Equal((double)measured["datasets"]!["MSCOCO"]!["hit_at_1"]!, (double)scores["subsets"]!["MSCOCO"]!["hit_at_1"]!, 9);
        else
            Assert.InRange((double)scores["subsets"]!["MSCOCO"]!["hit_at_1"]!, 0, 1);
    }

    [Fact]
    public async Task A_setting_that_is_not_known_is_named()
    {
        var config = Path.Combine(_folder, "wrong.yaml");
        await File.WriteAllTextAsync(config, "model: {shape: shapeworld}\nphase: []", TestContext.Current.CancellationToken);
        Assert.Contains(
            "wrong.yaml, line 2: the setting 'phase' is not known.",
            await ErrorAsync(ExitCodes.Failure, "train", config, "--out", Run("wrong")),
            StringComparison.Ordinal
        );
        Assert.False(Directory.Exists(Run("wrong")));
    }

    private async Task<string> WriteAsync(string name, string text)
    {
        var path = Path.Combine(_folder, name);
        await File.WriteAllTextAsync(path, text, TestContext.Current.CancellationToken);
        return path;
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string Run(string name) => Path.Combine(_folder, name);

    private (int Step, double Loss)[] Losses(string run) =>
        [
            .. File.ReadLines(Path.Combine(Run(run), "log.jsonl"))
                .Select(line => JsonNode.Parse(line)!)
                .Select(entry => ((int)entry["step"]!, (double)entry["loss"]!)),
        ];
}
