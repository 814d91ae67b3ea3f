using System.Text.Json.Nodes;
using Rge.Training.RunFiles;
using Rge.Training.Runs;
using Rge.Training.Settings;

namespace Rge.Training.Tests.Reinforce;

/// <summary>Whole runs with a phase of the task.</summary>
public sealed class ReinforceTaskTests : TrainerTest
{
    private static TrainingConfig Reinforced { get; } =
        Config with
        {
            Name = "reinforced",
            Data = new DataSettings { Queries = 4 },
            Objective = Config.Objective with
            {
                Reinforce = new ReinforceSettings { Rationales = 3, Kl = 0 },
            },
            Phases =
            [
                new()
                {
                    Name = "write",
                    Steps = 2,
                    LearningRate = 1e-3,
                },
                new()
                {
                    Name = "reinforce",
                    Task = "reinforce",
                    Steps = 4,
                    LearningRate = 1e-3,
                },
            ],
        };

    [Fact]
    public async Task A_run_logs_its_measures_and_draws_them()
    {
        var folder = Folder("run");
        var outcome = await new Trainer(Reinforced, folder).RunAsync(resume: false);
        var log = Log(folder);
        Assert.Equal(4, log.Length);
        Assert.InRange(outcome.State.GeneratedTokens, 4 * 4 * 3, 4 * 4 * 3 * 6 + 2 * 4 * 6);
        foreach (var entry in log)
        {
            Assert.InRange(Field(entry, "reward"), -2, 2.05);
            Assert.InRange(Field(entry, "reward_std"), 0, 4);
            Assert.InRange(Field(entry, "reciprocal_rank"), 0.01, 1);
            foreach (var share in (string[])["equal_groups", "ended", "clip_share"])
                Assert.InRange(Field(entry, share), 0, 1);
            // Null where no oracle of the batch concludes anything.
            Assert.True(entry.ContainsKey("conclusion_right"));
            Assert.InRange(Field(entry, "rationale_tokens"), 0, 6);
            Assert.Null(entry["kl"]);
            // The ratio of probabilities is 1 but for rounding, so that no token is clipped.
            Assert.Equal(0, Field(entry, "clip_share"));
            Assert.Equal(Field(entry, "policy_loss") + Field(entry, "lm_loss") + Field(entry, "info_nce"), Field(entry, "loss"), 1e-4);
        }
        var page = File.ReadAllText(folder.Report);
        foreach (var name in (string[])["policy_loss", "reward", "reward_std", "equal_groups", "reciprocal_rank", "ended", "clip_share"])
            Assert.Contains($"<figcaption>{name}</figcaption>", page, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(3)] // within a checkpoint's reach
    [InlineData(5)]
    public async Task An_interrupted_run_resumes_with_the_same_losses(int at)
    {
        RunFolder whole = Folder("whole"),
            cut = Folder("cut");
        await new Trainer(Reinforced, whole).RunAsync(resume: false);
        var stopped = new Trainer(
            Reinforced,
            cut,
            new Listener(progress =>
            {
                if (progress.Step == at)
                    throw new InvalidOperationException("cut");
            })
        );
        await Assert.ThrowsAsync<InvalidOperationException>(() => stopped.RunAsync(resume: false));
        await new Trainer(Reinforced, cut).RunAsync(resume: true);
        Assert.Equal(Losses(whole), Losses(cut), (a, b) => Math.Abs(a - b) <= 1e-4 * Math.Max(1, Math.Abs(a)));
    }

    [Fact]
    public async Task The_divergence_is_from_the_model_that_the_run_starts_from()
    {
        var first = Folder("first");
        await new Trainer(Reinforced with { Phases = [Reinforced.Phases[0]] }, first).RunAsync(resume: false);
        var second = Folder("second");
        var config = Reinforced with
        {
            Model = new ModelSettings { Checkpoint = first.Model },
            Phases = [Reinforced.Phases[1] with { LmWeight = 0, EmbeddingWeight = 0, Schedule = LearningRateShape.Constant }],
            Objective = Reinforced.Objective with
            {
                Reinforce = new ReinforceSettings { Rationales = 3, Kl = 0.5 },
            },
        };
        await new Trainer(config, second).RunAsync(resume: false);
        var log = Log(second);
        Assert.InRange(Field(log[0], "kl"), -1e-6, 1e-6); // the same model still
        Assert.True(Field(log[^1], "kl") > 1e-5);
        Assert.All(log, entry => Assert.Equal(Field(entry, "policy_loss"), Field(entry, "loss")));
        Assert.All(log, entry => Assert.Null(entry["info_nce"]));
    }

    [Theory]
    [InlineData(RationaleContrast.All, true)]
    [InlineData(RationaleContrast.None, false)]
    public async Task Rationales_to_contrast_are_chosen(RationaleContrast contrast, bool contrasts)
    {
        var config = Reinforced with
        {
            Phases = [Reinforced.Phases[1] with { Steps = 1 }],
            Objective = Reinforced.Objective with
            {
                Also = new AlsoSettings { None = 0.5 },
                Reinforce = Reinforced.Objective.Reinforce with { Contrast = contrast },
            },
        };
        var folder = Folder("run");
        await new Trainer(config, folder).RunAsync(resume: false);
        var entry = Log(folder).Single();
        Assert.Equal(contrasts, entry["info_nce"] is not null);
        Assert.Equal(contrasts, entry["info_nce_none"] is not null);
        Assert.NotNull(entry["lm_loss"]);
    }

    [Theory]
    [InlineData("{rationale: none}", "objective.rationale is none, expected self, because the task reinforce embeds queries after")]
    [InlineData(
        "{also: {sampled: 1}}",
        "objective.also.sampled is 1, expected 0, because the task reinforce samples the rationales itself"
    )]
    [InlineData("{reinforce: {kl: 0.1}}", "objective.reinforce.kl is 0.1, expected 0, because the run starts with random weights")]
    [InlineData("{reinforce: {rationales: 1}}", "objective.reinforce.rationales is 1, expected 2 to 1024.")]
    [InlineData("{reinforce: {temperature: 0}}", "objective.reinforce.temperature is 0, expected 0.01 to 10.")]
    [InlineData("{reinforce: {negative_temperature: 0}}", "objective.reinforce.negative_temperature is 0, expected 0.001 to 100.")]
    [InlineData("{reinforce: {format_weight: -1}}", "objective.reinforce.format_weight is -1, expected 0 to 100.")]
    [InlineData("{reinforce: {conclusion_weight: -1}}", "objective.reinforce.conclusion_weight is -1, expected 0 to 100.")]
    [InlineData("{reinforce: {clip: 1}}", "objective.reinforce.clip is 1, expected above 0, below 1.")]
    [InlineData("{reinforce: {clip_high: 0}}", "objective.reinforce.clip_high is 0, expected above 0, at most 100.")]
    [InlineData("{reinforce: {kl: -0.1}}", "objective.reinforce.kl is -0.1, expected 0 to 100.")]
    public void Settings_that_cannot_be_trained_with_are_refused_before_the_run(string objective, string problem)
    {
        var config = ConfigFile.Parse<TrainingConfig>(
            $"{{model: {{shape: shapeworld}}, phases: [{{task: reinforce}}], objective: {objective}}}",
            "config.yaml"
        );
        var error = Assert.Throws<TrainingException>(() => new Trainer(config, Folder("none")));
        Assert.StartsWith(problem, error.Message, StringComparison.Ordinal);
    }

    private static JsonObject[] Log(RunFolder folder) =>
        [.. RunLog.Read(folder.Log).Where(entry => (string?)entry["phase"] == "reinforce")];

    private static double Field(JsonObject entry, string name) => entry[name]!.GetValue<double>();
}
