using Rge.Presets;
using Rge.Training.Runs;
using Rge.Training.Settings;

namespace Rge.Training.Tests;

/// <summary>Runs whose queries are embedded after other rationales than the likeliest, or at another state.</summary>
public sealed class QueryViewRunTests : TrainerTest
{
    [Theory]
    [InlineData(RationaleSource.Sampled)]
    [InlineData(RationaleSource.Shuffled)]
    [InlineData(RationaleSource.Filler)]
    public async Task An_interrupted_run_resumes_with_the_same_losses(RationaleSource source)
    {
        var config = Config with
        {
            Objective = Config.Objective with
            {
                Rationale = source,
                Sampling = new() { Rationales = 2 },
            },
        };
        var (whole, cut) = (Folder("whole"), Folder("cut"));
        await new Trainer(config, whole).RunAsync(resume: false);
        var listener = new Listener(progress =>
        {
            if (progress.Step == 8)
                throw new InvalidOperationException("cut");
        });
        await Assert.ThrowsAsync<InvalidOperationException>(() => new Trainer(config, cut, listener).RunAsync(resume: false));
        await new Trainer(config, cut).RunAsync(resume: true);
        Assert.Equal(Losses(whole), Losses(cut), (a, b) => Math.Abs(a - b) <= 1e-5 * Math.Abs(a));
    }

    [Fact]
    public async Task A_checkpoint_says_which_state_is_its_embedding_and_one_trained_on_says_it_anew()
    {
        var config = Config with
        {
            Objective = Config.Objective with { Pooling = EmbeddedState.BeforeEmb },
            Evaluation = new EvaluationSettings { Every = 100, Queries = 2 },
        };
        var before = Folder("before");
        var outcome = await new Trainer(config, before).RunAsync(resume: false);
        using (var embedder = ReasoningEmbedder.Load(before.Model))
        {
            Assert.Equal(PoolingKind.BeforeToken, embedder.Preset.Pooling.Kind);
            // What the run measured is what a user gets.
            var again = await new Evaluation.Evaluator(embedder).RunAsync(
                ShapeWorld.ShapeWorldEvaluation.Create(ShapeWorld.Scenes.WorldSplit.Dev, 1, 2),
                Evaluation.QueryRationale.Written
            );
            Assert.Equal(outcome.Development!.Average, again.Average, 1e-9);
        }
        var at = Folder("at");
        await new Trainer(
            Config with
            {
                Model = new ModelSettings { Checkpoint = before.Model },
                Phases = [new() { Steps = 1, LearningRate = 1e-4 }],
            },
            at
        ).RunAsync(resume: false);
        using var other = ReasoningEmbedder.Load(at.Model);
        Assert.Equal(PoolingKind.WrittenToken, other.Preset.Pooling.Kind);
    }
}
