using System.Text.Json.Nodes;
using Rge.Data;
using Rge.Data.Mmeb;
using Rge.Evaluation;
using Rge.Imaging;
using Rge.Models;
using Rge.Tests.Shared.Oracle;
using Rge.Training.RunFiles;
using Rge.Training.Runs;
using Rge.Training.Settings;
using static TorchSharp.torch;

namespace Rge.Training.Tests;

/// <summary>Runs on rows in files, from a checkpoint of Qwen2.5-VL's kind with a repetition penalty of its own.</summary>
public sealed class OwnDataTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("rge-own-").FullName;

    public OwnDataTests()
    {
        RandomCheckpoint.Write(
            Start,
            ModelShape.Tiny with
            {
                Layers = 2,
                VisionDepth = 2,
                FullAttentionBlocks = [1],
            },
            seed: 7,
            ScalarType.Float32
        );
        OracleData.Write(Data, "first", 12);
        OracleData.Write(Data, "second", 6);
        WriteDevelopment("first");
    }

    private string Start => Path.Combine(_root, "start");

    private string Data => Path.Combine(_root, "data");

    private string Development => Path.Combine(_root, "dev");

    private TrainingConfig Config =>
        new()
        {
            Name = "own",
            Threads = 1,
            Model = new ModelSettings { Checkpoint = Start },
            Data = new DataSettings { Folder = Data, Queries = 4 },
            Objective = new ObjectiveSettings
            {
                MaxRationaleTokens = 10,
                Temperature = 0.05,
                LmWeight = 0,
            },
            Phases =
            [
                new()
                {
                    Name = "joint",
                    Steps = 3,
                    LearningRate = 1e-3,
                },
            ],
            Evaluation = new EvaluationSettings
            {
                Every = 3,
                Folder = Development,
                Images = Data,
            },
        };

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_exported_model_writes_and_scores_as_the_run_measured(bool isAdapter)
    {
        // The base has a penalty and no budget of its own, as Qwen's files have it: by them the result would write something else.
        Assert.Equal((1.05, 128), (GenerationOptions.Load(Start).RepetitionPenalty, GenerationOptions.Load(Start).MaxRationaleTokens));
        var config = isAdapter ? Config with { Model = Config.Model with { Adapter = new AdapterSettings { Rank = 4 } } } : Config;
        var folder = new RunFolder(Path.Combine(_root, "run"));
        var outcome = await new Trainer(config, folder).RunAsync(resume: false);

        using var embedder = ReasoningEmbedder.Load(
            isAdapter ? Start : folder.Model,
            new ReasoningEmbedderOptions { Model = new QwenVlModelOptions { Adapter = isAdapter ? folder.Model : null } }
        );
        var again = await new Evaluator(embedder).RunAsync(
            await MmebReader.ReadEvaluationFolderAsync(Development, Data),
            cancellationToken: TestContext.Current.CancellationToken
        );
        Assert.Equal(
            outcome.Development!.Rows.Select(row => (row.Rationale, row.Rank)),
            again.Rows.Select(row => (row.Rationale, row.Rank))
        );
        Assert.Equal([10], again.Rows.Select(row => row.RationaleTokens).Distinct());
        Assert.Contains(again.Rows, row => row.Rationale is { Length: > 0 });

        using var other = ReasoningEmbedder.Load(
            isAdapter ? Start : folder.Model,
            new ReasoningEmbedderOptions
            {
                Model = new QwenVlModelOptions { Adapter = isAdapter ? folder.Model : null },
                Generation = GenerationOptions.Load(Start),
            }
        );
        var penalized = await new Evaluator(other).RunAsync(
            await MmebReader.ReadEvaluationFolderAsync(Development, Data),
            cancellationToken: TestContext.Current.CancellationToken
        );
        Assert.NotEqual(again.Rows.Select(row => row.Rationale), penalized.Rows.Select(row => row.Rationale));
    }

    [Fact]
    public async Task A_result_says_what_it_is()
    {
        var folder = new RunFolder(Path.Combine(_root, "run"));
        var outcome = await new Trainer(
            Config with
            {
                Model = Config.Model with { Adapter = new AdapterSettings { Rank = 4 } },
            },
            folder
        ).RunAsync(resume: false);
        Assert.Equal(
            Start,
            (string?)JsonNode.Parse(File.ReadAllText(Path.Combine(folder.Model, "adapter_config.json")))!["base_model_name_or_path"]
        );
        var card = File.ReadAllText(Path.Combine(folder.Model, "README.md"));
        Assert.StartsWith($"---\nbase_model: \"{Start}\"\nlibrary_name: peft\n", card, StringComparison.Ordinal);
        Assert.Contains($"| first | 6 | {100 * outcome.Development!.Average:0.0} |", card, StringComparison.Ordinal);
        Assert.Contains($"--model {Start} --adapter THIS_FOLDER", card, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("evaluation.folder=nowhere", "evaluation.folder is nowhere, which does not exist; expected a folder.")]
    [InlineData("evaluation.images=nowhere", "evaluation.images is nowhere, which does not exist; expected a folder.")]
    [InlineData("data.images=nowhere", "data.images is nowhere, which does not exist; expected a folder.")]
    [InlineData("data.folder=nowhere", "data.folder is nowhere, which does not exist; expected a folder.")]
    [InlineData("data.query_rules=nowhere.yaml", "nowhere.yaml cannot be read: it does not exist, expected a YAML file.")]
    [InlineData("model.checkpoint=nowhere", "model.checkpoint is nowhere, which does not exist; expected a checkpoint folder.")]
    [InlineData(
        "data.weights={cls_major: 1}",
        "data.weights names cls_major, which ROOT/data does not have; it has first, second. Give weights for these, or data.weights={} "
            + "for all alike."
    )]
    [InlineData(
        "evaluation.images=ROOT/start",
        "ROOT/dev/first/test.jsonl, row 1: the image ROOT/start/images/1.png does not exist, nor does any other: expected them in "
            + "ROOT/start (evaluation.images)."
    )]
    [InlineData(
        "data.images=ROOT/start",
        "ROOT/data/first/train.jsonl, row 1: the image ROOT/start/images/1.png does not exist, nor does any other: expected them in "
            + "ROOT/start (data.images)."
    )]
    public async Task What_a_run_needs_is_looked_for_before_its_first_step(string setting, string expected)
    {
        var config = ConfigFile.Parse<TrainingConfig>(
            ConfigFile.Write(Config),
            "a.yaml",
            [setting.Replace("ROOT", _root, StringComparison.Ordinal)]
        );
        var folder = new RunFolder(Path.Combine(_root, "run"));
        var error = await Assert.ThrowsAnyAsync<RgeException>(() => new Trainer(config, folder).RunAsync(resume: false));
        Assert.Equal(expected.Replace("ROOT", _root, StringComparison.Ordinal), error.Message);
        // Nothing stands in the way of another try.
        Assert.False(Directory.Exists(folder.Root));
    }

    [Fact]
    public async Task Images_of_the_development_set_have_a_folder_of_their_own_and_broken_ones_are_found_at_once()
    {
        var images = Path.Combine(_root, "other");
        Directory.Move(Path.Combine(Data, "images"), Path.Combine(Directory.CreateDirectory(images).FullName, "images"));
        OracleData.Write(Data, "first", 12);
        File.WriteAllText(Path.Combine(Data, "images", "1.png"), "no image");
        // Broken for training alone, which does not come to it.
        var config = Config with
        {
            Data = Config.Data with { OnError = FailureAction.Skip },
            Evaluation = Config.Evaluation with { Images = images },
        };
        Assert.Equal(
            6,
            (await new Trainer(config, new RunFolder(Path.Combine(_root, "run"))).RunAsync(resume: false)).Development!.Rows.Count()
        );

        var (reported, broken) = (new List<string>(), Config with { Evaluation = Config.Evaluation with { Images = Data } });
        Assert.StartsWith(
            $"{Development}/first/test.jsonl, row 1: ",
            (
                await Assert.ThrowsAsync<TrainingException>(() =>
                    new Trainer(broken, new RunFolder(Path.Combine(_root, "broken"))).RunAsync(resume: false)
                )
            ).Message,
            StringComparison.Ordinal
        );
        broken = broken with { Data = broken.Data with { OnError = FailureAction.Skip } };
        var outcome = await new Trainer(broken, new RunFolder(Path.Combine(_root, "broken")), new Remarks(reported.Add)).RunAsync(
            resume: false
        );
        // Rows 1 and 4 of six show image 1.
        Assert.Equal(4, outcome.Development!.Rows.Count());
        Assert.Contains(reported, remark => remark.Contains("row 4: the row is left out of the development set", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Truncated_images_are_refused_or_accepted_as_the_settings_say()
    {
        foreach (var file in Directory.GetFiles(Path.Combine(Data, "images"), "*.png"))
            CutInHalf(file);
        var config = Config with
        {
            Evaluation = new EvaluationSettings { Every = 0 },
            Phases = [Config.Phases[0] with { Steps = 2 }],
        };
        var message = (
            await Assert.ThrowsAsync<TrainingException>(() =>
                new Trainer(config, new RunFolder(Path.Combine(_root, "refusing"))).RunAsync(resume: false)
            )
        ).Message;
        Assert.Contains("is a truncated PNG image", message, StringComparison.Ordinal);
        Assert.Contains("data.truncated_images", message, StringComparison.Ordinal);

        config = config with { Data = config.Data with { TruncatedImages = TruncatedImages.Accept } };
        Assert.Equal(2, (await new Trainer(config, new RunFolder(Path.Combine(_root, "accepting"))).RunAsync(resume: false)).State.Step);

        static void CutInHalf(string file)
        {
            var bytes = File.ReadAllBytes(file);
            File.WriteAllBytes(file, bytes[..(bytes.Length / 2)]);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Areas_of_images_are_trained_with_and_saved_with_the_result(bool isAdapter)
    {
        var config = Config with { Data = Config.Data with { MinPixels = 4 * 28 * 28, MaxPixels = 6 * 28 * 28, ExifOrientation = true } };
        if (isAdapter)
            config = config with { Model = config.Model with { Adapter = new AdapterSettings { Rank = 4 } } };
        var folder = new RunFolder(Path.Combine(_root, "run"));
        var outcome = await new Trainer(config, folder).RunAsync(resume: false);

        using var embedder = ReasoningEmbedder.Load(
            isAdapter ? Start : folder.Model,
            new ReasoningEmbedderOptions { Model = new QwenVlModelOptions { Adapter = isAdapter ? folder.Model : null } }
        );
        var images = embedder.Processor.Images;
        Assert.Equal((4 * 28 * 28, 6 * 28 * 28, true), (images.Config.MinPixels, images.Config.MaxPixels, images.Options.ExifOrientation));
        var again = await new Evaluator(embedder).RunAsync(
            await MmebReader.ReadEvaluationFolderAsync(Development, Data),
            cancellationToken: TestContext.Current.CancellationToken
        );
        Assert.Equal(
            outcome.Development!.Rows.Select(row => (row.Rationale, row.Rank)),
            again.Rows.Select(row => (row.Rationale, row.Rank))
        );
    }

    [Fact]
    public async Task Columns_that_are_not_understood_are_an_error_unless_they_are_ignored()
    {
        var path = Path.Combine(Data, "first", "train.jsonl");
        File.WriteAllLines(path, File.ReadAllLines(path).Select(line => $"{line[..^1]},\"qry_hint\":\"red\"}}"));
        var config = Config with
        {
            Evaluation = new EvaluationSettings { Every = 0 },
            Phases = [Config.Phases[0] with { Steps = 1 }],
        };
        var message = (
            await Assert.ThrowsAsync<DatasetException>(() =>
                new Trainer(config, new RunFolder(Path.Combine(_root, "run"))).RunAsync(resume: false)
            )
        ).Message;
        Assert.Contains("qry_hint", message, StringComparison.Ordinal);
        Assert.Contains("data.ignore_columns", message, StringComparison.Ordinal);
        config = config with { Data = config.Data with { IgnoreColumns = ["qry_hint"] } };
        Assert.Equal(1, (await new Trainer(config, new RunFolder(Path.Combine(_root, "run"))).RunAsync(resume: false)).State.Step);
    }

    [Fact]
    public async Task A_row_whose_image_cannot_be_used_ends_a_run_or_gives_way_to_the_next_of_its_dataset_also_after_a_stop()
    {
        File.WriteAllText(Path.Combine(Data, "images", "2.png"), "no image");
        var config = Config with
        {
            Evaluation = new EvaluationSettings { Every = 0 },
            Phases = [Config.Phases[0] with { Steps = 6 }],
            Checkpoints = new CheckpointSettings { Every = 2 },
        };
        var failing = new RunFolder(Path.Combine(_root, "failing"));
        var message = (await Assert.ThrowsAsync<TrainingException>(() => new Trainer(config, failing).RunAsync(resume: false))).Message;
        Assert.Contains("train.jsonl, row ", message, StringComparison.Ordinal);
        Assert.Contains("2.png", message, StringComparison.Ordinal);
        Assert.EndsWith("With data.on_error: skip, --resume continues without such rows.", message, StringComparison.Ordinal);

        var skipping = config with { Data = config.Data with { OnError = FailureAction.Skip } };
        RunFolder whole = new(Path.Combine(_root, "whole")),
            cut = new(Path.Combine(_root, "cut"));
        var outcome = await new Trainer(skipping, whole).RunAsync(resume: false);
        await Assert.ThrowsAsync<InvalidOperationException>(() =>
            new Trainer(
                skipping,
                cut,
                new Steps(step =>
                {
                    if (step == 5)
                        throw new InvalidOperationException("cut");
                })
            ).RunAsync(resume: false)
        );
        await new Trainer(skipping, cut).RunAsync(resume: true);
        Assert.Equal(Log(whole), Log(cut));
        var skipped = RunLog
            .Read(whole.Log)
            .SelectMany(entry => entry["skipped"] as JsonArray ?? [])
            .Select(row => (string)row!["row"]!)
            .Distinct(StringComparer.Ordinal)
            .ToArray();
        Assert.Equal(skipped.Length, outcome.SkippedRows);
        // Two of three rows show it, as query or as target; no step has fewer queries for it.
        Assert.NotEmpty(skipped);
        Assert.Equal(24, outcome.State.Queries);

        // What ended a run is skipped when the settings say so.
        Assert.Equal(6, (await new Trainer(skipping, failing).RunAsync(resume: true)).State.Step);

        static (int, double, string?)[] Log(RunFolder folder) =>
            [
                .. RunLog
                    .Read(folder.Log)
                    .Select(entry => ((int)entry["step"]!, Math.Round((double)entry["loss"]!, 4), entry["skipped"]?.ToJsonString())),
            ];
    }

    [Fact]
    public async Task Missing_images_are_counted_before_the_first_step()
    {
        File.Delete(Path.Combine(Data, "images", "2.png"));
        var config = Config with { Evaluation = new EvaluationSettings { Every = 0 } };
        var message = (
            await Assert.ThrowsAsync<TrainingException>(() =>
                new Trainer(config, new RunFolder(Path.Combine(_root, "run"))).RunAsync(resume: false)
            )
        ).Message;
        Assert.Equal(
            $"{Data}/first/train.jsonl, row 2: the image {Data}/images/2.png does not exist: expected it in {Data} (data.images); "
                + "data.on_error: skip leaves such rows out.",
            message
        );
        var reported = new List<string>();
        await new Trainer(
            config with
            {
                Data = config.Data with { OnError = FailureAction.Skip },
            },
            new RunFolder(Path.Combine(_root, "run")),
            new Remarks(reported.Add)
        ).RunAsync(resume: false);
        // Row n shows image n mod 3, and each third row's target the one after.
        Assert.Equal("6 of 18 training rows show an image that does not exist: others take their places.", reported[0]);
    }

    [Fact]
    public async Task Git_lfs_pointers_in_place_of_images_are_named_before_the_first_step()
    {
        void Replace(int image) =>
            File.WriteAllText(
                Path.Combine(Data, "images", $"{image}.png"),
                "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n"
            );
        Replace(2);
        var config = Config with { Evaluation = new EvaluationSettings { Every = 0 } };
        Assert.Equal(
            $"{Data}/first/train.jsonl, row 2: {Data}/images/2.png is a Git LFS pointer in place of an image: fetch the files with "
                + "'git lfs pull'; data.on_error: skip leaves such rows out.",
            await RefusalAsync(config)
        );
        var skipping = config with { Data = config.Data with { OnError = FailureAction.Skip } };
        var reported = new List<string>();
        await TrainingData.ReadAsync(skipping, measures: false, reported.Add, CancellationToken.None);
        Assert.Equal(
            "6 of 18 training rows show an image that does not exist or is a Git LFS pointer: others take their places.",
            Assert.Single(reported)
        );

        File.Delete(Path.Combine(Data, "images", "1.png"));
        Assert.Equal(
            $"{Data}/first/train.jsonl, row 1: the image {Data}/images/1.png does not exist, like 2 of 3 in all: expected it in {Data} "
                + "(data.images); data.on_error: skip leaves such rows out.",
            await RefusalAsync(config)
        );
        Replace(0);
        Assert.Equal(
            $"{Data}/first/train.jsonl, row 1: the image {Data}/images/1.png does not exist, and no other can be used: expected it in "
                + $"{Data} (data.images).",
            await RefusalAsync(skipping)
        );
        Replace(1);
        Assert.Equal(
            $"{Data}/first/train.jsonl, row 1: {Data}/images/1.png is a Git LFS pointer in place of an image, like every other: fetch the "
                + "files with 'git lfs pull'.",
            await RefusalAsync(skipping)
        );

        static async Task<string> RefusalAsync(TrainingConfig config) =>
            (
                await Assert.ThrowsAsync<TrainingException>(() =>
                    TrainingData.ReadAsync(config, measures: false, null, CancellationToken.None)
                )
            ).Message;
    }

    [Fact]
    public async Task Rows_to_learn_from_and_rows_to_evaluate_have_the_same_wording()
    {
        var (train, test) = (Path.Combine(_root, "mmeb"), Path.Combine(_root, "eval"));
        Directory.CreateDirectory(Path.Combine(train, "ImageNet_1K"));
        Directory.CreateDirectory(Path.Combine(test, "ImageNet-1K"));
        File.WriteAllText(
            Path.Combine(train, "ImageNet_1K", "train.jsonl"),
            """{"qry": "<|image_1|>\nName it\n", "qry_image_path": "images/1.png", "pos_text": "a fish", "pos_image_path": "","""
                + """ "rationale": "So a fish."}"""
        );
        File.WriteAllText(
            Path.Combine(test, "ImageNet-1K", "test.jsonl"),
            """{"qry_text": "<|image_1|>\nName it\n", "qry_img_path": "images/1.png", "tgt_text": ["a fish", "a bird"],"""
                + """ "tgt_img_path": ["", ""]}"""
        );
        var row = Assert.Single(
            (
                await new MmebReader(Data, InstructionRules.QueryPreset, InstructionRules.CandidatePreset).ReadEvaluationAsync(
                    Path.Combine(test, "ImageNet-1K", "test.jsonl"),
                    "ImageNet-1K",
                    cancellationToken: TestContext.Current.CancellationToken
                )
            ).Rows
        );
        Assert.NotEqual("<|image_1|>\nName it\n", MmebText.Format(row.Query));

        var config = Config with
        {
            Data = Config.Data with { Folder = train, Images = Data, Queries = 1 },
            Evaluation = Config.Evaluation with { Folder = test },
        };
        var data = await TrainingData.ReadAsync(config, measures: true, null, CancellationToken.None);
        var sample = Assert.Single(data.Samples!.Samples(0));
        Assert.Equal((row.Query.Text, row.Candidates[0].Text), (sample.Query.Text, sample.Targets[0].Item.Text));
        Assert.Equal(
            (row.Query.Text, row.Candidates[1].Text),
            (data.Development![0].Rows[0].Query.Text, data.Development[0].Rows[0].Candidates[1].Text)
        );

        config = config with { Data = config.Data with { QueryRules = "none", CandidateRules = "none" } };
        data = await TrainingData.ReadAsync(config, measures: true, null, CancellationToken.None);
        Assert.Equal(
            ("<|image_1|>\nName it\n", "a fish"),
            (MmebText.Format(data.Samples!.Samples(0)[0].Query), data.Samples.Samples(0)[0].Targets[0].Item.Text)
        );
        Assert.Equal("<|image_1|>\nName it\n", MmebText.Format(data.Development![0].Rows[0].Query));
    }

    /// <summary>Six rows, of which each shows one of three images; the right one of three texts is the first.</summary>
    private void WriteDevelopment(string dataset)
    {
        Directory.CreateDirectory(Path.Combine(Development, dataset));
        File.WriteAllLines(
            Path.Combine(Development, dataset, "test.jsonl"),
            Enumerable
                .Range(1, 6)
                .Select(i =>
                    new JsonObject
                    {
                        ["qry_text"] = $"<|image_1|>\nFind what goes with query number {i}\n",
                        ["qry_img_path"] = $"images/{i % 3}.png",
                        ["tgt_text"] = new JsonArray($"item {i}", $"item {i + 1}", $"item {i + 2}"),
                        ["tgt_img_path"] = new JsonArray("", "", ""),
                    }.ToJsonString()
                )
        );
    }

    public void Dispose() => Directory.Delete(_root, recursive: true);

    private sealed class Remarks(Action<string> report) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value)
        {
            if (value.Remark is not null)
                report(value.Remark);
        }
    }

    private sealed class Steps(Action<int> report) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => report(value.Step);
    }
}
