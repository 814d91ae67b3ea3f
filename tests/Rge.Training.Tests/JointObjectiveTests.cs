using Rge.Data;
using Rge.Models;
using Rge.Tests.Shared;
using Rge.Training.Batches;
using Rge.Training.Objective;
using Rge.Training.Settings;
using TorchSharp;
using static TorchSharp.torch;

namespace Rge.Training.Tests;

/// <summary>InfoNCE over queries that are embedded after several rationales.</summary>
public sealed class JointObjectiveTests : IDisposable
{
    private static readonly int[][] Own =
    [
        [11, 12],
        [],
        [13],
    ];

    private readonly DisposeScope _scope = NewDisposeScope();
    private readonly QwenVlModel _model = TinyModel.Create(ModelFamily.Qwen25Vl);
    private readonly Tensor _scale = tensor((float)-Math.Log(0.05));

    public JointObjectiveTests()
    {
        foreach (var (_, parameter) in _model.Trainable)
            parameter.requires_grad_(true);
    }

    public void Dispose()
    {
        _model.Dispose();
        _scope.Dispose();
    }

    [Theory, InlineData(0), InlineData(12)]
    public void Further_rationales_add_their_weighted_loss_and_gradient(int chunkTokens)
    {
        var (self, selfGradient) = Run(new() { Rationale = RationaleSource.Self }, lmWeight: 1);
        var (none, noneGradient) = Run(new() { Rationale = RationaleSource.None }, lmWeight: 0);
        var (oracle, oracleGradient) = Run(new() { Rationale = RationaleSource.Oracle }, lmWeight: 0);
        var (all, gradient) = Run(
            new()
            {
                Rationale = RationaleSource.Self,
                Also = new AlsoSettings { None = 0.5, Oracle = 2 },
                ChunkTokens = chunkTokens,
            },
            lmWeight: 1
        );
        Assert.Equal(self.InfoNce, all.InfoNce, 1e-5);
        Assert.Equal(none.InfoNce, all.Also[RationaleSource.None], 1e-5);
        Assert.Equal(oracle.InfoNce, all.Also[RationaleSource.Oracle], 1e-5);
        Assert.Equal(self.Loss + 0.5 * none.Loss + 2 * oracle.Loss, all.Loss, 1e-4);
        Assert.NotEqual(none.InfoNce, oracle.InfoNce, 1e-3);
        foreach (var (name, expected) in selfGradient)
        {
            var sum = expected + noneGradient[name] * tensor(0.5f) + oracleGradient[name] * tensor(2f);
            Assert.True((gradient[name] - sum).norm().item<float>() <= 1e-4f * (1 + sum.norm().item<float>()), name);
        }
    }

    [Fact]
    public void Self_rationales_are_asked_for_where_any_embedding_is_taken_after_them()
    {
        ObjectiveSettings settings = new()
        {
            Rationale = RationaleSource.None,
            Also = new AlsoSettings { Self = 1 },
        };
        Assert.Throws<ArgumentNullException>(() =>
            new JointObjective(_model, TinyModel.EmbToken, settings, _scale).Backward(Batch(), selfRationales: null, 0, 1)
        );
        Assert.NotEqual(0, Run(settings, lmWeight: 0).Losses.Also[RationaleSource.Self]);
    }

    [Theory]
    [InlineData("also: {self: 1}", "objective.also.self is 1, expected 0, because objective.rationale is that one")]
    [InlineData("also: {none: -1}", "objective.also.none is -1, expected 0 to 100")]
    [InlineData("also: {oracle: 101}", "objective.also.oracle is 101, expected 0 to 100")]
    public void Weights_are_checked(string yaml, string problem)
    {
        var error = Assert.Throws<TrainingException>(() =>
            ConfigFile.Parse<TrainingConfig>($"objective: {{rationale: self, {yaml}}}", "config.yaml").Objective.Validate()
        );
        Assert.Contains(problem, error.Message, StringComparison.Ordinal);
    }

    private (StepLosses Losses, Dictionary<string, Tensor> Gradient) Run(ObjectiveSettings settings, double lmWeight)
    {
        foreach (var (_, parameter) in _model.Trainable)
            parameter.grad?.zero_();
        var losses = new JointObjective(_model, TinyModel.EmbToken, settings, _scale).Backward(Batch(), Own, lmWeight, 1);
        return (
            losses,
            _model.Trainable.ToDictionary(p => p.Key, p => p.Value.grad?.clone() ?? zeros_like(p.Value), StringComparer.Ordinal)
        );
    }

    /// <summary>Three queries, one with an image, whose oracle rationales differ from their own.</summary>
    private TrainingBatch Batch()
    {
        var image = TinyModel.Image(_model.Config, 4, 4);
        int[] shown = [88, .. Enumerable.Repeat(TinyModel.ImageToken, 4), 89];
        EncodedQuery[] queries =
        [
            new(Sample("a"), [1, .. shown, 2], [image], [21, 22, TinyModel.EmbToken]),
            new(Sample("b"), [3, 4, 5], [], [23, TinyModel.EmbToken]),
            new(Sample("c"), [6, 7], [], []),
        ];
        EncodedTarget[] targets =
        [
            new("a", [31, TinyModel.EmbToken], []),
            new("b", [32, 33, TinyModel.EmbToken], []),
            new("c", [34, 35, 36, TinyModel.EmbToken], []),
        ];
        IReadOnlySet<string>[] right = [new HashSet<string> { "a" }, new HashSet<string> { "b" }, new HashSet<string> { "c" }];
        return new TrainingBatch(queries, targets, new InBatchPairs(right, ["a", "b", "c"]));
    }

    private static TrainingSample Sample(string name) =>
        new()
        {
            Dataset = "tiny",
            Source = name,
            Query = new EmbeddingInput { Text = name },
        };
}
