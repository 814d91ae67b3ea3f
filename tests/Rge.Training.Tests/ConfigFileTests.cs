using Rge.Training.Settings;

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
        Assert.Equal(("small", "shapeworld", BatchMixing.MetaTask, 30), (config.Name, config.Model.Shape, config.Data.Mixing, config.Steps()));
        Assert.Equal(2, config.Data.Weights["vqa_path"]);
        Assert.Equal((0.0, null), (config.Phases[0].EmbeddingWeight, config.Phases[1].EmbeddingWeight));
        Assert.Equal(RationaleSource.Self, config.Objective.Rationale);
        config.Validate();
    }

    [Fact]
    public void Settings_are_replaced_by_their_path()
    {
        var config = ConfigFile.Parse<TrainingConfig>(Yaml, "a.yaml", ["phases.1.steps=7", "objective.rationale=oracle", "data.weights.vqa_path=3"]);
        Assert.Equal((7, RationaleSource.Oracle, 3.0), (config.Phases[1].Steps, config.Objective.Rationale, config.Data.Weights["vqa_path"]));
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
        Assert.Contains(named ?? setting, Assert.Throws<TrainingException>(() => ConfigFile.Parse<TrainingConfig>(Yaml, "a.yaml", [setting])).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("objective.temperature=0", "objective.temperature is 0")]
    [InlineData("phases.1.steps=0", "phases.1.steps is 0")]
    [InlineData("model.checkpoint=somewhere", "exactly one of checkpoint and shape")]
    [InlineData("data.folder=somewhere", "phases.0.task is language")]
    public void A_value_out_of_range_is_refused_by_name(string setting, string expected)
    {
        var config = ConfigFile.Parse<TrainingConfig>(Yaml, "a.yaml", [setting, "phases.0.task=language"]);
        Assert.Contains(expected, Assert.Throws<TrainingException>(config.Validate).Message, StringComparison.Ordinal);
    }
}
