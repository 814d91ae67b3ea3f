using System.Text.Json.Nodes;
using Rge.Data;
using Rge.Data.Mmeb;
using Rge.Evaluation;
using Rge.Models;
using Rge.Training.RunFiles;
using Rge.Training.Runs;
using Rge.Training.Settings;

namespace Rge.Training.Tests;

/// <summary>Runs on rows in files, from a checkpoint of Qwen2.5-VL's kind with a repetition penalty of its own.</summary>
public sealed class OwnDataTests : OwnDataTest
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_exported_model_writes_and_scores_as_the_run_measured(bool isAdapter)
    {
        // The base has a penalty and no budget of its own, as Qwen's files have it: by them the result would write something else.
        Assert.Equal((1.05, 128), (GenerationOptions.Load(Start).RepetitionPenalty, GenerationOptions.Load(Start).MaxRationaleTokens));
        var config = isAdapter ? Config with { Model = Config.Model with { Adapter = new AdapterSettings { Rank = 4 } } } : Config;
        var folder = new RunFolder(Path.Combine(Root, "run"));
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
        var folder = new RunFolder(Path.Combine(Root, "run"));
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
            [setting.Replace("ROOT", Root, StringComparison.Ordinal)]
        );
        var folder = new RunFolder(Path.Combine(Root, "run"));
        var error = await Assert.ThrowsAnyAsync<RgeException>(() => new Trainer(config, folder).RunAsync(resume: false));
        Assert.Equal(expected.Replace("ROOT", Root, StringComparison.Ordinal), error.Message);
        // Nothing stands in the way of another try.
        Assert.False(Directory.Exists(folder.Root));
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
                new Trainer(config, new RunFolder(Path.Combine(Root, "run"))).RunAsync(resume: false)
            )
        ).Message;
        Assert.Contains("qry_hint", message, StringComparison.Ordinal);
        Assert.Contains("data.ignore_columns", message, StringComparison.Ordinal);
        config = config with { Data = config.Data with { IgnoreColumns = ["qry_hint"] } };
        Assert.Equal(1, (await new Trainer(config, new RunFolder(Path.Combine(Root, "run"))).RunAsync(resume: false)).State.Step);
    }

    [Fact]
    public async Task Rows_to_learn_from_and_rows_to_evaluate_have_the_same_wording()
    {
        var (train, test) = (Path.Combine(Root, "mmeb"), Path.Combine(Root, "eval"));
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
}
