using CsCheck;
using Rge.Data;
using Rge.Evaluation.Mmeb;

namespace Rge.Evaluation.Tests.Mmeb;

/// <summary>Scores against a computation written from the benchmark's definition alone, on embeddings with ties and duplicates.</summary>
public sealed class RankingTests
{
    private static readonly Gen<float[]> Vector = Gen.Int[-1, 1].Select(value => (float)value).Array[3];

    private static readonly Gen<(float[] Query, int[] Candidates)> Row = Gen.Select(Vector, Gen.Int[0, 5].Array[1, 8]);

    [Fact]
    public void Scores_are_those_of_the_definition() =>
        Gen.Select(Vector.Array[6], Row.Array[1, 12])
            .Sample(
                (pool, rows) =>
                {
                    var results = Results(pool, rows, broken: []);
                    var score = results.Score(Options, "identity");
                    var ranks = rows.Select(row => RankByDefinition(row.Query, [.. row.Candidates.Select(candidate => pool[candidate])]))
                        .ToArray();
                    Assert.Equal(ranks.Count(rank => rank == 0), score.Hits);
                    Assert.Equal(ranks.Count(rank => rank < 5) / (double)rows.Length, score.HitAt5, 1e-12);
                    Assert.Equal(ranks.Average(rank => 1.0 / (rank + 1)), score.Mrr, 1e-12);
                    Assert.Equal(rows.Average(row => 1.0 / row.Candidates.Length), score.Chance, 1e-12);
                    for (var i = 0; i < rows.Length; i++)
                        Assert.Equal(
                            ArgMax([.. rows[i].Candidates.Select(candidate => Dot(rows[i].Query, pool[candidate]))]),
                            results[i]!.Predicted
                        );
                }
            );

    [Fact]
    public void Rows_and_candidates_without_embedding_are_left_out_and_counted()
    {
        float[][] pool =
        [
            [1, 0, 0],
            [0, 1, 0],
            [0, 0, 1],
        ];
        (float[], int[])[] rows = [([1, 0, 0], [0, 1]), ([0, 1, 0], [1, 0, 2]), ([0, 0, 1], [0, 2, 1])];
        var results = Results(pool, rows, broken: [1]);
        var score = results.Score(Options, "identity");
        // Row 2 has lost its right candidate, rows 1 and 3 another one.
        Assert.Equal((2, 1, 2, 1), (score.Rows, score.SkippedRows, score.SkippedCandidates, score.Hits));
        Assert.Null(results[1]);
        Assert.Equal("broken", results.Problem(1));
        Assert.Equal([0, 1], results[2]!.Candidates);
        Assert.Equal(1, results[2]!.Predicted);
    }

    [Fact]
    public void A_subset_without_rows_that_count_is_an_error() =>
        Assert.Contains(
            "sub has no rows left: broken",
            Assert
                .Throws<EvaluationException>(() =>
                    Results(
                            [
                                [1, 0, 0],
                            ],
                            [([1, 0, 0], [0])],
                            broken: [0]
                        )
                        .Score(Options, "identity")
                )
                .Message,
            StringComparison.Ordinal
        );

    [Fact]
    public void The_first_candidates_come_best_first_and_equal_ones_in_their_order() =>
        Assert.Equal([(1, 0.5f), (3, 0.5f), (0, 0.25f)], new RowResult([0, 1, 2, 3], [0.25f, 0.5f, 0, 0.5f]).Top(3));

    private static MmebEvaluationOptions Options { get; } =
        new()
        {
            Subsets = [],
            ImageFolder = "",
            OutputFolder = "",
            ModelIdentity = "",
        };

    private static SubsetResults Results(float[][] pool, (float[] Query, int[] Candidates)[] rows, int[] broken)
    {
        var items = pool.Select((_, i) => EmbeddingInput.Target($"candidate {i}")).ToArray();
        var dataset = new EvaluationDataset(
            "sub",
            "other",
            [
                .. rows.Select(
                    (row, i) =>
                        new EvaluationRow
                        {
                            Source = $"row {i + 1}",
                            Query = EmbeddingInput.Query($"query {i}"),
                            Candidates = [.. row.Candidates.Select(candidate => items[candidate])],
                        }
                ),
            ]
        );
        var subset = new SubsetRows(dataset);
        var candidates = subset
            .Candidates.Select(candidate => Array.IndexOf(items, candidate.Item))
            .Select(i => broken.Contains(i) ? new LoadedItem(null, "broken") : Loaded(pool[i]));
        return new SubsetResults(subset, [.. rows.Select(row => Loaded(row.Query))], [.. candidates]);
    }

    private static LoadedItem Loaded(float[] vector) => new(new CachedEmbedding(vector, null, 0, 1, 0), null);

    /// <summary>
    /// Candidates before the right one, which is number 0: those that score higher, and none that scores the same, since ties go to the
    /// lowest number.
    /// </summary>
    private static int RankByDefinition(float[] query, float[][] candidates)
    {
        var order = Enumerable.Range(0, candidates.Length).ToList();
        order.Sort(
            (a, b) => Dot(query, candidates[b]).CompareTo(Dot(query, candidates[a])) is var byScore and not 0 ? byScore : a.CompareTo(b)
        );
        return order.IndexOf(0);
    }

    private static int ArgMax(double[] scores)
    {
        var best = 0;
        for (var i = 1; i < scores.Length; i++)
            if (scores[i] > scores[best])
                best = i;
        return best;
    }

    private static double Dot(float[] a, float[] b) => a.Zip(b, (x, y) => (double)x * y).Sum();
}
