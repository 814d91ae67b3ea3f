using CsCheck;
using Rge.Data;
using Rge.Data.Mmeb;
using Rge.Tests.Shared;
using Rge.Training.Settings;
using Rge.Training.Tasks;

namespace Rge.Training.Tests;

public sealed class ConfigFileTests
{
    private const string Yaml = """
        name: small
        model:
          shape: shapeworld
        data:
          mixing: meta_task
          weights: {vqa_path: 2, ret_t2i: 1}
        phases:
          - {name: write, steps: 10, embedding_weight: 0}
          - {name: joint, steps: 20, schedule: linear}
        """;

    [Fact]
    public void What_is_given_is_read_and_the_rest_has_its_default()
    {
        var config = ConfigFile.Parse<TrainingConfig>(Yaml, "a.yaml");
        Assert.Equal(
            ("small", "shapeworld", BatchMixing.MetaTask, 30),
            (config.Name, config.Model.Shape, config.Data.Mixing, config.Steps())
        );
        Assert.Equal(2, config.Data.Weights["vqa_path"]);
        Assert.Equal((0.0, null), (config.Phases[0].EmbeddingWeight, config.Phases[1].EmbeddingWeight));
        Assert.Equal(RationaleSource.Self, config.Objective.Rationale);
        config.Validate();
    }

    [Fact]
    public void Settings_are_replaced_by_their_path()
    {
        var config = ConfigFile.Parse<TrainingConfig>(
            Yaml,
            "a.yaml",
            ["phases.1.steps=7", "objective.rationale=oracle", "data.weights.vqa_path=3"]
        );
        Assert.Equal(
            (7, RationaleSource.Oracle, 3.0),
            (config.Phases[1].Steps, config.Objective.Rationale, config.Data.Weights["vqa_path"])
        );
    }

    [Fact]
    public void Settings_written_in_full_read_back_alike()
    {
        var written = ConfigFile.Write(ConfigFile.Parse<TrainingConfig>(Yaml, "a.yaml"));
        Assert.Equal(written, ConfigFile.Write(ConfigFile.Parse<TrainingConfig>(written, "b.yaml")));
        Assert.Contains("temperature: 0.02", written, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("steps: 3", "line 1", "steps")]
    [InlineData("seed: 1\nmodel:\n  shap: x", "line 3", "shap")]
    [InlineData("seed: many", "line 1", "many")]
    [InlineData("seed: 1\nseed: 2", "line 2", "seed")]
    [InlineData("objective: {rationale: mine}", "line 1", "'mine'", "none, oracle, self")]
    [InlineData("data: {mixing: metatask}", "line 1", "'metatask'", "meta_task")]
    [InlineData("phases:\n- {task: [pairs]}", "line 2")]
    [InlineData("a: [", "line", "a.yaml")]
    public void What_cannot_be_understood_is_named_with_its_line(string yaml, params string[] expected)
    {
        var error = Assert.Throws<TrainingException>(() => ConfigFile.Parse<TrainingConfig>(yaml, "a.yaml"));
        Assert.All(expected, part => Assert.Contains(part, error.Message, StringComparison.OrdinalIgnoreCase));
        Assert.DoesNotContain('\n', error.Message);
    }

    [Theory]
    [InlineData("objective")]
    [InlineData("=3")]
    [InlineData("phases.5.steps=3")]
    [InlineData("seed.x=3", "'x'")]
    public void An_override_without_a_place_is_refused(string setting, string? named = null) =>
        Assert.Contains(
            named ?? setting,
            Assert.Throws<TrainingException>(() => ConfigFile.Parse<TrainingConfig>(Yaml, "a.yaml", [setting])).Message,
            StringComparison.Ordinal
        );

    [Theory]
    [InlineData("objective.temperature=0", "objective.temperature is 0")]
    [InlineData("phases.1.steps=0", "phases.1.steps is 0")]
    [InlineData("model.checkpoint=somewhere", "exactly one of checkpoint and shape")]
    [InlineData("data.folder=somewhere", "phases.0.task is language")]
    [InlineData("evaluation.datasets=[vqa_path, other]", "evaluation.datasets.1 is other, expected one of standard, beyond-words,")]
    public void A_value_out_of_range_is_refused_by_name(string setting, string expected)
    {
        var config = ConfigFile.Parse<TrainingConfig>(Yaml, "a.yaml", [setting, "phases.0.task=language"]);
        Assert.Contains(
            expected,
            Assert.Throws<TrainingException>(() => TrainingTasks.BuiltIn.Require(config)).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Datasets_of_a_folder_cannot_be_chosen() =>
        Assert.Equal(
            "evaluation.datasets is [vqa_path], expected none with evaluation.folder: all datasets of a folder are measured.",
            Assert
                .Throws<TrainingException>(() =>
                    ConfigFile
                        .Parse<TrainingConfig>(Yaml, "a.yaml", ["evaluation.datasets=[vqa_path]", "evaluation.folder=somewhere"])
                        .Validate()
                )
                .Message
        );

    public static TheoryData<string> Sections =>
        [
            "data",
            "model",
            "objective",
            "optimizer",
            "checkpoints",
            "evaluation",
            "phases",
            "data.weights",
            "optimizer.groups",
            "model.adapter.modules",
            "name",
            "seed",
            "phases.0",
            "data.mixing",
        ];

    [Theory]
    [MemberData(nameof(Sections))]
    public void A_setting_that_may_not_be_empty_is_refused_where_it_is_null(string path)
    {
        var setting = $"{path}=null";
        var message = Assert.Throws<TrainingException>(() => ConfigFile.Parse<TrainingConfig>(Yaml, "a.yaml", [setting])).Message;
        Assert.StartsWith($"'{setting}': {path} is empty, expected ", message, StringComparison.Ordinal);
        Assert.DoesNotContain("System.", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(
        "name: x\ndata:\n#  queries: 4\nphases: [{steps: 2}]",
        "a.yaml, line 2: data is empty, expected settings such as folder, images, query_rules; without the line it has its default."
    )]
    [InlineData("name: x\nmodel: {shape: shapeworld}\nobjective:\n", "a.yaml, line 3: objective is empty, expected settings such as")]
    [InlineData("phases: null", "a.yaml, line 1: phases is empty, expected a list")]
    [InlineData("data: {queries: 1.5}", "data.queries is '1.5', expected a whole number")]
    [InlineData("data: {queries: 99999999999}", "data.queries is '99999999999', expected a whole number")]
    [InlineData("data: {queries: [1]}", "data.queries is a list, expected a whole number")]
    [InlineData("data: {queries: {a: 1}}", "data.queries is a map with 'a', expected a whole number")]
    [InlineData("data: {hard_negatives: maybe}", "data.hard_negatives is 'maybe', expected true or false")]
    [InlineData("data: {weights: [a]}", "data.weights is a list, expected a map")]
    [InlineData("data: [a]", "data is a list, expected settings such as")]
    [InlineData("objective: {temperature: '0,05'}", "objective.temperature is '0,05', expected a number")]
    [InlineData("objective: {lm_weight: .inf}", "objective.lm_weight is '.inf', expected a number")]
    [InlineData("objective: {lm_weight: 1e999}", "objective.lm_weight is '1e999', expected a number")]
    [InlineData("just text", "a.yaml, line 1: the text is 'just text', expected settings such as")]
    [InlineData("data: {fodler: x}", "the setting 'fodler' is not known. Expected one of folder, images, ")]
    [InlineData("name: [a, b\nseed: 1", "a.yaml, line ")]
    public void What_does_not_fit_is_said_with_what_was_expected(string yaml, string expected)
    {
        var message = Assert.Throws<TrainingException>(() => ConfigFile.Parse<TrainingConfig>(yaml, "a.yaml")).Message;
        Assert.Contains(expected, message, StringComparison.Ordinal);
        Assert.DoesNotContain("System.", message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
    }

    [Fact]
    public void Lists_maps_and_nothing_are_given_on_the_command_line_as_yaml()
    {
        var config = ConfigFile.Parse<TrainingConfig>(
            Yaml,
            "a.yaml",
            [
                "data.weights={}",
                "phases=[{name: only, steps: 3}]",
                "model.adapter.modules=[q_proj, v_proj]",
                "name='[brackets]'",
                "data.folder=C:\\data: #1",
                "data.images=null",
            ]
        );
        Assert.Empty(config.Data.Weights);
        Assert.Equal(("only", 3), (Assert.Single(config.Phases).Name, config.Steps()));
        Assert.Equal(["q_proj", "v_proj"], config.Model.Adapter!.Modules);
        Assert.Equal(("[brackets]", "C:\\data: #1", null), (config.Name, config.Data.Folder, config.Data.Images));
        Assert.Contains(
            "phases is [], expected at least one",
            Assert.Throws<TrainingException>(ConfigFile.Parse<TrainingConfig>(Yaml, "a.yaml", ["phases=[]"]).Validate).Message,
            StringComparison.Ordinal
        );
        Assert.StartsWith(
            "'phases=[{': not valid YAML",
            Assert.Throws<TrainingException>(() => ConfigFile.Parse<TrainingConfig>(Yaml, "a.yaml", ["phases=[{"])).Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "expected at most 16",
            Assert
                .Throws<TrainingException>(() =>
                    ConfigFile.Parse<TrainingConfig>(Yaml, "a.yaml", [string.Concat(Enumerable.Repeat("a.", 50_000)) + "a=1"])
                )
                .Message,
            StringComparison.Ordinal
        );
        Assert.Equal(7, ConfigFile.Parse<TrainingConfig>("", "a.yaml", ["seed=7"]).Seed);
    }

    [Theory]
    [InlineData("null")]
    [InlineData("true")]
    [InlineData("12")]
    [InlineData("~")]
    [InlineData("")]
    [InlineData("a: b # c")]
    [InlineData("*x")]
    public void A_text_that_looks_like_something_else_is_read_back_as_it_was(string name) =>
        Assert.Equal(name, ConfigFile.Parse<TrainingConfig>(ConfigFile.Write(new TrainingConfig { Name = name }), "a.yaml").Name);

    public static TheoryData<string> Files =>
        [.. Directory.EnumerateFiles(Path.Combine(Golden.RepositoryRoot, "configs"), "*.yaml").Select(path => Path.GetFileName(path)!)];

    /// <summary>
    /// Settings of runs and experiments; the other kind than the file's must be refused, and not otherwise than by a sentence.
    /// </summary>
    [Theory]
    [MemberData(nameof(Files))]
    public void Every_file_of_settings_in_the_repository_is_read(string file)
    {
        var path = Path.Combine(Golden.RepositoryRoot, "configs", file);
        if (IsExperiment(path))
        {
            var experiment = ConfigFile.Read<ExperimentConfig>(path);
            experiment.Validate();
            foreach (var variant in experiment.Variants)
                TrainingTasks.BuiltIn.Require(
                    ConfigFile.Read<TrainingConfig>(
                        Path.Combine(Path.GetDirectoryName(path)!, variant.Config),
                        variant.Set.Select(setting => $"{setting.Key}={setting.Value}")
                    )
                );
        }
        else
            TrainingTasks.BuiltIn.Require(ConfigFile.Read<TrainingConfig>(path));
    }

    /// <summary>Damages texts of all three kinds as a hand or a disk does: whatever comes of it, it is settings or a sentence.</summary>
    [Fact]
    public void Damaged_settings_are_read_or_refused_in_one_sentence()
    {
        string[] texts =
        [
            .. Directory
                .EnumerateFiles(Path.Combine(Golden.RepositoryRoot, "configs"), "*.yaml")
                .Order(StringComparer.Ordinal)
                .Select(File.ReadAllText),
            Yaml,
            "GQA: {prefix_add: a}\nDocVQA:\n  value_map: {a: \"b\"}\n  original: x\n  replacement: y\n",
        ];
        string[] pieces =
        [
            "{",
            "}",
            "[",
            "]",
            ":",
            ": ",
            "- ",
            "\n",
            "\n  ",
            "null",
            "~",
            "&a ",
            "*a",
            "!!int ",
            "'",
            "\"",
            "|",
            ">",
            "# ",
            "---\n",
            "? ",
            "<<: ",
            "\t",
            "0x",
            ".inf",
            "\0",
            "\uFFFD",
            ",",
            "%",
            "@",
            "1e99",
        ];
        var edit = Gen.Select(Gen.Int[0, int.MaxValue], Gen.Int[0, 12], Gen.OneOf(pieces), Gen.Bool);
        Gen.Select(
                Gen.OneOf(texts),
                edit.Array[1, 4],
                Gen.OneOf("data", "phases.0.steps", "model", "objective.temperature", "phases"),
                Gen.OneOf("", "[", "{}", "[{}]", "null", "{a: 1}", "'", "1", "x")
            )
            .Sample(
                (text, edits, key, value) =>
                {
                    foreach (var (at, cut, piece, inserts) in edits)
                    {
                        var from = at % (text.Length + 1);
                        text = text.Remove(from, Math.Min(cut, text.Length - from));
                        if (inserts)
                            text = text.Insert(from, piece);
                    }
                    Refuses(() => ConfigFile.Parse<TrainingConfig>(text, "a.yaml").Validate());
                    Refuses(() => ConfigFile.Parse<TrainingConfig>(text, "a.yaml", [$"{key}={value}"]).Validate());
                    Refuses(() => ConfigFile.Parse<ExperimentConfig>(text, "a.yaml").Validate());
                    Refuses(() => InstructionRules.Parse(text, "a.yaml"));
                },
                iter: 3000
            );

        static void Refuses(Action read)
        {
            try
            {
                read();
            }
            catch (RgeException e) when (e is TrainingException or DatasetException)
            {
                Assert.DoesNotContain('\n', e.Message);
                Assert.DoesNotContain("System.", e.Message, StringComparison.Ordinal);
                Assert.DoesNotContain("Exception", e.Message, StringComparison.Ordinal);
            }
        }
    }

    private static bool IsExperiment(string path) =>
        File.ReadLines(path).Any(line => line.StartsWith("variants:", StringComparison.Ordinal));
}
