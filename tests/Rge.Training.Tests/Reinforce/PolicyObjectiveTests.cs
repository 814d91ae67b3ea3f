using Rge.Data;
using Rge.Models;
using Rge.Tests.Shared;
using Rge.Training.Batches;
using Rge.Training.Objective;
using Rge.Training.Settings;
using TorchSharp;
using static TorchSharp.torch;

namespace Rge.Training.Tests.Reinforce;

/// <summary>The policy gradient through a model.</summary>
public sealed class PolicyObjectiveTests : IDisposable
{
    private static readonly GenerationOptions Sampling = new() { Temperature = 0.8, BannedTokens = [90, 91] };

    private readonly DisposeScope _scope = NewDisposeScope();
    private readonly QwenVlModel _model = TinyModel.Create(ModelFamily.Qwen25Vl);
    private readonly QwenVlModel _reference = TinyModel.Create(ModelFamily.Qwen25Vl, seed: 2);

    public PolicyObjectiveTests()
    {
        foreach (var (_, parameter) in _model.Trainable)
            parameter.requires_grad_(true);
    }

    public void Dispose()
    {
        _model.Dispose();
        _reference.Dispose();
        _scope.Dispose();
    }

    [Fact]
    public void The_loss_is_that_of_a_plain_computation()
    {
        var rollouts = Rollouts();
        var (surrogate, divergence, clipped, tokens) = (0.0, 0.0, 0, 0);
        foreach (var rollout in rollouts)
        {
            double[] now = LogProbabilities(_model, rollout),
                reference = LogProbabilities(_reference, rollout);
            for (var i = 0; i < now.Length; i++, tokens++)
            {
                var ratio = Math.Exp(now[i] - rollout.LogProbabilities[i]);
                var isClipped = rollout.Advantage > 0 ? ratio > 1.28 : ratio < 0.8;
                clipped += isClipped ? 1 : 0;
                surrogate += (isClipped ? Math.Clamp(ratio, 0.8, 1.28) : ratio) * rollout.Advantage;
                divergence += Math.Exp(reference[i] - now[i]) - (reference[i] - now[i]) - 1;
            }
        }
        var terms = Objective().Backward(rollouts);
        Assert.InRange(clipped, 1, tokens - 1);
        Assert.Equal((double)clipped / tokens, terms.ClipShare, 1e-9);
        Assert.Equal(divergence / tokens, terms.Divergence!.Value, 1e-3);
        Assert.Equal((0.5 * divergence - surrogate) / tokens, terms.Loss, 1e-3);
    }

    [Theory, InlineData(1), InlineData(14), InlineData(25)]
    public void Chunks_have_the_gradient_of_the_whole(int chunkTokens)
    {
        var whole = Gradient(0, out var expected);
        var parts = Gradient(chunkTokens, out var found);
        Assert.Equal(expected.Loss, found.Loss, 1e-5);
        Assert.Equal(expected with { Loss = found.Loss, Divergence = found.Divergence }, found);
        foreach (var (name, gradient) in whole)
            Assert.True((parts[name] - gradient).norm().item<float>() <= 1e-4f * (1e-3f + gradient.norm().item<float>()), name);
    }

    [Fact]
    public void The_gradient_is_the_slope_of_the_loss()
    {
        var gradient = Gradient(0, out _);
        foreach (var (name, parameter) in _model.Trainable.Where(p => p.Key.Contains("norm", StringComparison.Ordinal)).Take(4))
        {
            const float Step = 2e-3f;
            var direction = gradient[name] / (gradient[name].norm() + 1e-12f);
            double more = LossAt(Step),
                less = LossAt(-Step);
            var slope = (more - less) / (2 * Step);
            Assert.Equal(gradient[name].norm().item<float>(), slope, 0.03 * Math.Abs(slope) + 2e-3);

            double LossAt(float step)
            {
                using (no_grad())
                    parameter.add_(direction * step);
                var loss = Objective(clip: 0.99, clipHigh: 99).Backward(Rollouts()).Loss;
                using (no_grad())
                    parameter.sub_(direction * step);
                return loss;
            }
        }
    }

    [Fact]
    public void Without_a_reference_there_is_no_divergence_and_the_reference_is_never_trained()
    {
        var alone = new PolicyObjective(_model, reference: null, Settings(0, 0.2, 0.28), Sampling).Backward(Rollouts());
        Assert.Null(alone.Divergence);
        Objective().Backward(Rollouts());
        Assert.All(_reference.Trainable, parameter => Assert.Null(parameter.Value.grad));
    }

    [Fact]
    public void No_tensor_is_left_behind()
    {
        var objective = Objective();
        objective.Backward(Rollouts()); // makes the gradients, which stay
        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        objective.Backward(Rollouts());
        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    private Dictionary<string, Tensor> Gradient(int chunkTokens, out PolicyTerms terms)
    {
        foreach (var (_, parameter) in _model.Trainable)
            parameter.grad?.zero_();
        terms = Objective(chunkTokens, clip: 0.99, clipHigh: 99).Backward(Rollouts());
        return _model.Trainable.ToDictionary(p => p.Key, p => p.Value.grad?.clone() ?? zeros_like(p.Value), StringComparer.Ordinal);
    }

    private PolicyObjective Objective(int chunkTokens = 0, double clip = 0.2, double clipHigh = 0.28) =>
        new(_model, _reference, Settings(chunkTokens, clip, clipHigh), Sampling);

    private static ObjectiveSettings Settings(int chunkTokens, double clip, double clipHigh) =>
        new()
        {
            ChunkTokens = chunkTokens,
            Reinforce = new ReinforceSettings
            {
                Kl = 0.5,
                Clip = clip,
                ClipHigh = clipHigh,
            },
        };

    /// <summary>
    /// Rationales of two queries, one of which shows an image, sampled with other probabilities. Some are the same, begin alike, or are
    /// the beginning of another, and share what is computed.
    /// </summary>
    private Rollout[] Rollouts()
    {
        var image = TinyModel.Image(_model.Config, 4, 4);
        EncodedQuery shown = new(Sample, [1, 88, .. Enumerable.Repeat(TinyModel.ImageToken, 4), 89, 2], [image], []),
            plain = new(Sample, [3, 4, 5], [], []);
        return
        [
            new(shown, [11, 12, TinyModel.EmbToken], [-4.5f, -5.2f, -3.9f], 1.2),
            new(shown, [13], [-4.1f], -1.2),
            new(shown, [11, 12, TinyModel.EmbToken], [-4.4f, -5.1f, -4f], -0.4),
            new(shown, [11, 18, 19], [-4.6f, -4.2f, -4.8f], 0.6),
            new(shown, [11, 12], [-4.5f, -5.2f], -0.2),
            new(plain, [14, 15], [-5.5f, -3.6f], -0.7),
            new(plain, [16, 17, TinyModel.EmbToken], [-4.4f, -5f, -6f], 0.7),
        ];
    }

    private static TrainingSample Sample { get; } =
        new()
        {
            Dataset = "tiny",
            Source = "row",
            Query = new EmbeddingInput { Text = "text" },
        };

    /// <summary>One sequence in a pass of its own, then loops over the logits of each token.</summary>
    private static double[] LogProbabilities(QwenVlModel model, Rollout rollout)
    {
        using var gradients = no_grad();
        using var pass = new SequencePass(
            model,
            [new([.. rollout.Query.Prompt, .. rollout.Tokens], rollout.Query.Images) { Predicted = rollout.Tokens.Length }],
            activationCheckpointing: false
        );
        var logits = pass.PredictedLogits();
        var width = (int)logits.shape[1];
        var values = logits.data<float>().ToArray();
        return
        [
            .. rollout.Tokens.Select(
                (token, row) =>
                {
                    var scaled = values[(row * width)..((row + 1) * width)].Select(value => value / Sampling.Temperature).ToArray();
                    var total = scaled.Where((_, i) => !Sampling.BannedTokens.Contains(i)).Sum(Math.Exp);
                    return scaled[token] - Math.Log(total);
                }
            ),
        ];
    }
}
