using Rge.ShapeWorld;
using Rge.ShapeWorld.Scenes;
using Rge.Tests.Shared;

namespace Rge.Evaluation.Tests;

/// <summary>The choice between the direct embedding and a rationale, at each threshold.</summary>
public sealed class GateCurveTests
{
    private static readonly string Folder = Path.Combine(Golden.RepositoryRoot, "models", "shapeworld");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_point_is_what_the_model_scores_at_its_threshold()
    {
        var datasets = ShapeWorldEvaluation.Create(WorldSplit.Test, 5, 4, ["cls_major", "vqa_path", "ret_t2i"]);
        var on = await RunAsync(0.5, QueryRationale.Written);
        var off = await RunAsync(0.5, QueryRationale.None);
        double[] probabilities = [.. on.Rows.Select(row => row.DirectProbability!.Value).Order()];
        var threshold = (probabilities[5] + probabilities[6]) / 2;
        var auto = await RunAsync(threshold, QueryRationale.Auto);
        var curve = new GateCurve(on, off);
        foreach (var (expected, row) in auto.Rows.Zip(curve.At(threshold).Rows))
            Assert.Equal((expected.Rank, expected.RationaleTokens), (row.Rank, row.RationaleTokens));
        Assert.Equal(6, auto.Rows.Count(row => row.RationaleTokens == 1));
        Assert.All(on.Rows, row => Assert.True(row.RationaleTokens > 1));

        async Task<EvaluationOutcome> RunAsync(double at, QueryRationale queries)
        {
            using var embedder = ReasoningEmbedder.Load(
                Folder,
                new ReasoningEmbedderOptions { Generation = GenerationOptions.Load(Folder) with { DirectThreshold = at } }
            );
            return await new Evaluator(embedder).RunAsync(datasets, queries, cancellationToken: Token);
        }
    }

    [Fact]
    public void Points_go_from_no_rationale_to_one_for_each_query()
    {
        var on = Outcome((1, 10, 0.9), (1, 20, 0.1), (2, 30, 0.6));
        var off = Outcome((1, 0, null), (3, 0, null), (1, 0, null));
        var points = new GateCurve(on, off).Points();
        AssertPoint(0, 2.0 / 3, 1, 1, points[0]);
        AssertPoint(double.PositiveInfinity, 2.0 / 3, 20, 0, points[^1]);
        AssertPoint(0.5, 1, 22.0 / 3, 2.0 / 3, points.Single(point => point.Threshold == 0.5));

        static void AssertPoint(double threshold, double average, double tokens, double direct, GatePoint point)
        {
            Assert.Equal(threshold, point.Threshold);
            Assert.Equal(average, point.Average, 1e-9);
            Assert.Equal(tokens, point.RationaleTokens, 1e-9);
            Assert.Equal(direct, point.Direct, 1e-9);
        }
    }

    [Fact]
    public void Evaluations_of_other_datasets_and_without_probabilities_are_refused()
    {
        var on = Outcome((1, 10, 0.9));
        Assert.Throws<ArgumentException>(() => new GateCurve(on, Outcome((1, 0, null), (1, 0, null))));
        Assert.Throws<ArgumentException>(() => new GateCurve(Outcome((1, 10, null)), Outcome((1, 0, null))));
    }

    private static EvaluationOutcome Outcome(params (int Rank, int Tokens, double? Direct)[] rows) =>
        new([
            new DatasetOutcome(
                "d",
                "g",
                [
                    .. rows.Select(row => new RowOutcome
                    {
                        Predicted = row.Rank - 1,
                        Rank = row.Rank,
                        RationaleTokens = row.Tokens,
                        DirectProbability = row.Direct,
                    }),
                ]
            ),
        ]);
}
