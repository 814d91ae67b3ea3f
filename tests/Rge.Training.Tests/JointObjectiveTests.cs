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

    [Theory, InlineData(0), InlineData(12)]
    public void The_state_before_emb_is_that_of_the_last_token_of_the_rationale(int chunkTokens)
    {
        // Where the rationale of one position less ends in what would be <emb>, the states are the same.
        var (before, gradient) = Run(
            new() { Pooling = EmbeddedState.BeforeEmb, ChunkTokens = chunkTokens },
            lmWeight: 0,
            own: [.. Own.Select(rationale => (int[])[.. rationale, TinyModel.EmbToken])]
        );
        var (at, expected) = Run(new(), lmWeight: 0);
        Assert.Equal(at.InfoNce, before.InfoNce, 1e-5);
        foreach (var (name, tensor) in expected)
            Assert.True((gradient[name] - tensor).norm().item<float>() <= 1e-4f * (1 + tensor.norm().item<float>()), name);
        Assert.NotEqual(at.InfoNce, Run(new() { Pooling = EmbeddedState.BeforeEmb }, lmWeight: 0).Losses.InfoNce, 1e-3);
    }

    [Fact]
    public void A_gate_is_the_same_whichever_state_is_the_embedding()
    {
        var settings = Gated(0, margin: 100);
        var (at, _) = Run(settings, lmWeight: 1);
        var (before, _) = Run(settings with { Pooling = EmbeddedState.BeforeEmb }, lmWeight: 1);
        Assert.Equal(at.Gate!.Loss, before.Gate!.Loss, 1e-5);
    }

    [Theory, InlineData(0), InlineData(12)]
    public void The_loss_after_sampled_rationales_is_the_mean_over_them(int chunkTokens)
    {
        int[][] other =
        [
            [14],
            [15, 16],
            [],
        ];
        var sampling = new SamplingSettings { Rationales = 2 };
        var settings = new ObjectiveSettings
        {
            Rationale = RationaleSource.Sampled,
            Sampling = sampling,
            ChunkTokens = chunkTokens,
        };
        int[][][] sampled = [.. Own.Zip(other, (first, second) => (int[][])[first, second])];
        var (first, second) = (Run(new(), lmWeight: 0).Losses.InfoNce, Run(new(), lmWeight: 0, own: other).Losses.InfoNce);
        var (both, _) = Run(settings, lmWeight: 0, sampled: sampled);
        Assert.Equal((first + second) / 2, both.InfoNce, 1e-5);
        Assert.Equal(both.InfoNce, both.Loss, 1e-5);
        Assert.NotEqual(first, second, 1e-3);

        var (beside, _) = Run(
            new()
            {
                Also = new AlsoSettings { Sampled = 0.5 },
                Sampling = sampling,
            },
            lmWeight: 0,
            sampled: sampled
        );
        Assert.Equal(both.InfoNce, beside.Also[RationaleSource.Sampled], 1e-5);
        Assert.Equal(first + 0.5 * both.InfoNce, beside.Loss, 1e-5);
    }

    [Fact]
    public void Controls_take_the_rationale_of_another_query_or_a_filler_as_long()
    {
        int[][] another =
        [
            [13],
            [],
            [11, 12],
        ];
        int[][] filler =
        [
            [50, 50],
            [],
            [50],
        ];
        Assert.Equal(
            Run(new(), lmWeight: 0, own: another).Losses.InfoNce,
            Run(new() { Rationale = RationaleSource.Shuffled }, lmWeight: 0).Losses.InfoNce,
            1e-5
        );
        Assert.Equal(
            Run(new(), lmWeight: 0, own: filler).Losses.InfoNce,
            Run(new() { Rationale = RationaleSource.Filler }, lmWeight: 0).Losses.InfoNce,
            1e-5
        );
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

    [Theory, InlineData(0, 0.0), InlineData(12, 0.0), InlineData(0, -100.0), InlineData(0, 100.0), InlineData(0, null)]
    public void A_gate_learns_which_queries_need_no_rationale(int chunkTokens, double? margin)
    {
        var settings = Gated(chunkTokens, margin);
        var (losses, _) = Run(settings, lmWeight: 1);
        var batch = Batch();
        double[] odds = [.. batch.Queries.Select(LogOdds)];
        var (direct, reasoned) = (Compared(Array.ConvertAll(Own, _ => Array.Empty<int>())), Compared(Own));
        bool[] labels = [.. direct.Zip(reasoned, (without, with) => without <= with + (margin ?? 0))];
        var gate = odds.Zip(labels, (x, label) => label ? SoftPlus(-x) : SoftPlus(x)).Average();
        Assert.Equal(gate, losses.Gate!.Loss, 1e-4);
        Assert.Equal(labels.Count(label => label) / 3.0, losses.Gate.Direct, 1e-6);
        Assert.Equal(odds.Zip(labels).Count(of => of.First > 0 == of.Second) / 3.0, losses.Gate.Accuracy, 1e-6);
        // The first token of each rationale is chosen among all but <emb>.
        var (ungated, _) = Run(settings with { Gate = new() }, lmWeight: 1);
        var excess = SoftPlus(odds[0]) + SoftPlus(odds[1]);
        Assert.Equal((ungated.LmLoss * ungated.LmTokens - excess) / ungated.LmTokens, losses.LmLoss, 1e-4);
        Assert.Equal(ungated.Loss - excess / ungated.LmTokens + 3 * gate, losses.Loss, 1e-3);

        double LogOdds(EncodedQuery query)
        {
            using var gradients = no_grad();
            using var pass = new SequencePass(
                _model,
                [new TrainedSequence([.. query.Prompt, TinyModel.EmbToken], query.Images) { Predicted = 1 }],
                activationCheckpointing: false
            );
            var logits = pass.PredictedLogits().data<float>().Select(logit => (double)logit).ToArray();
            return logits[TinyModel.EmbToken] - Math.Log(logits.Where((_, token) => token != TinyModel.EmbToken).Sum(Math.Exp));
        }

        // Each query has one right target, that of its own number.
        double[] Compared(int[][] rationales)
        {
            using var gradients = no_grad();
            var queries = Embed(
                batch.Queries.Zip(rationales, (query, own) => (int[])[.. query.Prompt, .. own, TinyModel.EmbToken]),
                batch.Queries
            );
            var targets = Embed(batch.Targets.Select(target => target.Tokens), null);
            double[][] scores =
            [
                .. Enumerable
                    .Range(0, 3)
                    .Select(q => Enumerable.Range(0, 3).Select(t => 20.0 * Similarity.Cosine(Row(queries, q), Row(targets, t))).ToArray()),
            ];
            return
            [
                .. scores.Select(
                    (row, own) =>
                        margin is null
                            ? 1 + row.Where((_, other) => other != own).Count(score => score >= row[own])
                            : Math.Log(row.Sum(Math.Exp)) - row[own]
                ),
            ];
        }

        static float[] Row(Tensor matrix, int row) => matrix[row].data<float>().ToArray();

        Tensor Embed(IEnumerable<int[]> tokens, IReadOnlyList<EncodedQuery>? queries)
        {
            TrainedSequence[] sequences =
            [
                .. tokens.Select((ids, i) => new TrainedSequence(ids, queries?[i].Images ?? []) { EmbeddingRow = i }),
            ];
            using var pass = new SequencePass(_model, sequences, activationCheckpointing: false);
            return pass.Embeddings();
        }

        static double SoftPlus(double x) => Math.Log(1 + Math.Exp(x));
    }

    [Theory, InlineData(0), InlineData(12)]
    public void The_gradient_of_a_gate_and_of_nested_sizes_is_that_of_the_loss(int chunkTokens)
    {
        var settings = Gated(chunkTokens, margin: 0) with { Dimensions = [4, 8] };
        var (_, gradient) = Run(settings, lmWeight: 1);
        var length = Math.Sqrt(gradient.Values.Sum(part => Math.Pow(part.norm().item<float>(), 2)));
        const double Step = 2e-3;
        var above = MovedBy(Step);
        var below = MovedBy(-Step);
        Assert.Equal(1, (above - below) / (2 * Step) / length, 0.02);

        double MovedBy(double distance)
        {
            Move(distance);
            var loss = Run(settings, lmWeight: 1).Losses.Loss;
            Move(-distance);
            return loss;
        }

        void Move(double distance)
        {
            using var gradients = no_grad();
            foreach (var (name, parameter) in _model.Trainable)
                parameter.add_(gradient[name] * tensor((float)(distance / length)), 1);
        }
    }

    [Fact]
    public void Nested_sizes_are_cut_from_the_front_and_averaged()
    {
        var (whole, _) = Run(new(), lmWeight: 0);
        var (nested, _) = Run(new() { Dimensions = [4] }, lmWeight: 0);
        var (twice, _) = Run(new() { Dimensions = [4, 8] }, lmWeight: 0);
        var (other, _) = Run(new() { Dimensions = [8] }, lmWeight: 0);
        double four = 2 * nested.InfoNce - whole.InfoNce,
            eight = 2 * other.InfoNce - whole.InfoNce;
        Assert.NotEqual(whole.InfoNce, four, 1e-3);
        Assert.Equal((whole.InfoNce + four + eight) / 3, twice.InfoNce, 1e-4);
    }

    [Theory]
    [InlineData("{gate: {weight: 1}}", "objective.gate.weight is 1, expected 0 unless InfoNCE is taken both without")]
    [InlineData("{gate: {weight: -1}}", "objective.gate.weight is -1, expected 0 to 100")]
    [InlineData("{dimensions: [8, 8]}", "objective.dimensions is 8, expected different sizes of at least 1")]
    [InlineData("{dimensions: [0]}", "objective.dimensions is 0, expected different sizes of at least 1")]
    public void Gates_and_sizes_are_checked(string yaml, string problem)
    {
        var error = Assert.Throws<TrainingException>(() =>
            ConfigFile.Parse<TrainingConfig>($"objective: {yaml}", "config.yaml").Objective.Validate()
        );
        Assert.Contains(problem, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Sizes_are_cuts_of_the_models()
    {
        var size = _model.Config.Text.HiddenSize;
        var error = Assert.Throws<TrainingException>(() =>
            new JointObjective(_model, TinyModel.EmbToken, new() { Dimensions = [size] }, _scale)
        );
        Assert.Contains($"objective.dimensions has {size}, expected less than", error.Message, StringComparison.Ordinal);
    }

    /// <param name="chunkTokens">As in the settings.</param>
    /// <param name="margin">Null compares ranks.</param>
    private static ObjectiveSettings Gated(int chunkTokens, double? margin) =>
        new()
        {
            Also = new AlsoSettings { None = 1 },
            Gate = new GateSettings
            {
                Weight = 3,
                Label = margin is null ? GateLabel.Rank : GateLabel.Loss,
                Margin = margin ?? 0,
            },
            ChunkTokens = chunkTokens,
        };

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

    private (StepLosses Losses, Dictionary<string, Tensor> Gradient) Run(
        ObjectiveSettings settings,
        double lmWeight,
        int[][]? own = null,
        int[][][]? sampled = null
    )
    {
        foreach (var (_, parameter) in _model.Trainable)
            parameter.grad?.zero_();
        var losses = new JointObjective(_model, TinyModel.EmbToken, settings, _scale, fillerToken: 50).Backward(
            Batch(),
            own ?? Own,
            lmWeight,
            1,
            sampled
        );
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
